"""Which file holds each piece of a proof, and when its files were deleted.

Old code goes on: it writes a piece under its offset alone, and such files are read as before.
"""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
    CREATE TABLE proof_piece (
      proof_id uuid NOT NULL,
      begins_at integer NOT NULL,
      name text NOT NULL,
      PRIMARY KEY (proof_id, begins_at),
      FOREIGN KEY (proof_id) REFERENCES proof (id)
    )
    """)
    op.execute("ALTER TABLE proof ADD COLUMN removed_at timestamptz")
