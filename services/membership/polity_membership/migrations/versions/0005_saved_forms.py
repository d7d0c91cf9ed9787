"""Forms that an office has begun to fill in."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
    CREATE TABLE answer_draft (
      invitation_id uuid NOT NULL,
      revision integer NOT NULL,
      saved_at timestamptz NOT NULL,
      signatory_name text,
      signatory_office text,
      signed_on date,
      themes text[] NOT NULL,
      PRIMARY KEY (invitation_id),
      FOREIGN KEY (invitation_id) REFERENCES invitation (id)
    )
    """)
