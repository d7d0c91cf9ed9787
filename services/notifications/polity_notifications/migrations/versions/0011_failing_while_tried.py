"""An endpoint's failing counts the time in which it was tried, and it may ask to be left alone for a while."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_STATEMENTS = (
    # For how long endpoints that fail just now have been tried is not known: their time begins to count here.
    "ALTER TABLE webhook ADD COLUMN failing_for interval NOT NULL DEFAULT '0'",
    "ALTER TABLE webhook ADD COLUMN failed_at timestamptz",
    "ALTER TABLE webhook ADD COLUMN held_until timestamptz",
    "ALTER TABLE webhook_attempt ADD COLUMN held interval",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
