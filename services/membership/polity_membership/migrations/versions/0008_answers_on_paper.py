"""How a commitment was recorded: by the city's link, or by the secretariat with the proof of a signed letter."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The default is for the code of before, which still runs.
    op.execute("ALTER TABLE commitment ADD recorded_by text NOT NULL DEFAULT 'link'")
    op.execute("ALTER TABLE commitment ADD proof_id uuid REFERENCES proof (id)")
