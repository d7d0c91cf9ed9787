"""Photos and scans of letters signed on paper; their bytes are in files."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE proof (
      id uuid NOT NULL,
      invitation_id uuid NOT NULL,
      folder text,
      sent_by text NOT NULL,
      length_bytes integer NOT NULL,
      received_bytes integer NOT NULL,
      media_type text,
      created_at timestamptz NOT NULL,
      finished_at timestamptz,
      removal_asked_at timestamptz,
      PRIMARY KEY (id),
      UNIQUE (folder),
      FOREIGN KEY (invitation_id) REFERENCES invitation (id)
    )
    """,
    "CREATE INDEX ix_proof_invitation_id ON proof (invitation_id)",
    # What the worker looks for every few seconds: files to remove, asked for or never finished.
    """
    CREATE INDEX proof_to_remove ON proof (created_at)
     WHERE folder IS NOT NULL AND (removal_asked_at IS NOT NULL OR finished_at IS NULL)
    """,
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
