"""Corrections whose earlier value Kafka still holds, and letters that no pledge rests on."""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_STATEMENTS = (
    "CREATE TABLE person_correction (person_id uuid PRIMARY KEY, published_at timestamptz)",
    # A proof's row is deleted only where no pledge rests on it.
    "CREATE INDEX commitment_proof ON commitment (proof_id) WHERE proof_id IS NOT NULL",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
