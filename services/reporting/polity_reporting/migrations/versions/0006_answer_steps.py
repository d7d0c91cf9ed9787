"""Keeps in which order an invitation was answered, and which of two commitments was withdrawn."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_STATEMENTS = (
    "ALTER TABLE answer ADD COLUMN withdrawn_ordinal integer",
    "UPDATE answer SET withdrawn_ordinal = coalesce(ordinal, 0) WHERE withdrawn_at IS NOT NULL",
    "ALTER TABLE submission ADD COLUMN answer_step integer",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
