"""An invitation may be declined: when, and if they said it, why, which is for the secretariat alone."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE invitation ADD COLUMN declined_at timestamptz")
    op.execute("ALTER TABLE invitation ADD COLUMN decline_reason text")
