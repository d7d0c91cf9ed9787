"""The first tables: sessions, and uploads that wait for a confirmation."""

from alembic import op
from polity_chassis.database.migrations import create_chassis_tables

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_chassis_tables(op)
    op.execute(
        """
        CREATE TABLE session (
          id_hash bytea PRIMARY KEY,
          sealed bytea NOT NULL,
          opened_at timestamptz NOT NULL,
          last_seen_at timestamptz NOT NULL
        )
        """
    )
    op.execute("CREATE INDEX session_last_seen_at ON session (last_seen_at)")
    op.execute(
        """
        CREATE TABLE upload (
          id uuid PRIMARY KEY,
          session_id_hash bytea NOT NULL REFERENCES session ON DELETE CASCADE,
          network_id uuid NOT NULL,
          sealed bytea NOT NULL,
          uploaded_at timestamptz NOT NULL
        )
        """
    )
    op.execute("CREATE INDEX upload_session_id_hash ON upload (session_id_hash)")
