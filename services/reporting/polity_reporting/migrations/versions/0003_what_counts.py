"""Keeps pledges that wait, that were returned or withdrawn, and when milestones were announced."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE answer ADD COLUMN withdrawn_at timestamptz")
    op.execute("ALTER TABLE milestone ADD COLUMN announced_at timestamptz")
    op.execute("""
    CREATE TABLE submission (
      campaign_id uuid NOT NULL,
      local_government_id uuid NOT NULL,
      at timestamptz NOT NULL,
      step text NOT NULL,
      PRIMARY KEY (campaign_id, local_government_id, at)
    )
    """)
