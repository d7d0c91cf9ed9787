"""Counts what an invitation was answered, over its own facts and those of its commitment."""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE invitation ADD COLUMN answer_step integer NOT NULL DEFAULT 0")
    op.execute("ALTER TABLE commitment ADD COLUMN answer_step integer")
