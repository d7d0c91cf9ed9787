"""Tells what is public of a campaign from what its secretariat sees, and keeps whose campaign it is."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE campaign ADD COLUMN answers_version bigint NOT NULL DEFAULT 0")
    op.execute("CREATE TABLE campaign_network (campaign_id uuid PRIMARY KEY, network_id uuid NOT NULL)")
