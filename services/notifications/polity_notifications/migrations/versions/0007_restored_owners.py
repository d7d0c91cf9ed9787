"""Keeps whose messages the inbox had, what Kafka has acknowledged, and what a restored database knows nothing of."""

from alembic import op
from polity_chassis.database.migrations import change_chassis_tables

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    change_chassis_tables(op)
