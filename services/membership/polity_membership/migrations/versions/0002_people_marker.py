"""When the people partitions got their last marker; themes keep their order."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_STATEMENTS = (
    "ALTER TABLE campaign ALTER COLUMN themes TYPE json",
    """
    CREATE TABLE people_marker (
      id bigint GENERATED ALWAYS AS IDENTITY,
      covered_until timestamptz NOT NULL,
      PRIMARY KEY (id),
      UNIQUE (covered_until)
    )
    """,
    "CREATE INDEX person_by_erasure ON person (erased_at) WHERE erased_at IS NOT NULL",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
