"""How far each erasure has come, and the sign-in accounts that go with it."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE person_erasure (
      person_id uuid PRIMARY KEY,
      asked_at timestamptz NOT NULL,
      published_at timestamptz,
      marked_at timestamptz
    )
    """,
    "CREATE INDEX person_erasure_under_way ON person_erasure (published_at) WHERE marked_at IS NULL",
    "INSERT INTO person_erasure (person_id, asked_at) SELECT id, erased_at FROM person WHERE erased_at IS NOT NULL",
    "DROP INDEX person_by_erasure",
    "CREATE SEQUENCE people_marker_number",
    "SELECT setval('people_marker_number', (SELECT coalesce(max(id), 0) + 1 FROM people_marker))",
    "DROP TABLE people_marker",
    """
    CREATE TABLE account_erasure (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      subject text UNIQUE,
      asked_at timestamptz NOT NULL,
      due_at timestamptz NOT NULL,
      attempts integer NOT NULL,
      done_at timestamptz
    )
    """,
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
