"""Numbers the markers of the people partitions as every aggregate; a milestone outlives the commitment it fell on."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_STATEMENTS = (
    "CREATE TABLE people_marker (id uuid PRIMARY KEY, fact_sequence integer NOT NULL)",
    # One key for each partition, as 0003 chose them.
    """
    INSERT INTO people_marker (id, fact_sequence)
    SELECT CAST(id AS uuid), CASE WHEN is_called THEN last_value ELSE 0 END
      FROM people_marker_number, unnest(ARRAY[
           'a9fd803b-c9ad-5af4-a4b6-3a8f493fc782', 'f345c972-80e9-5ad8-b87f-2c6356759bb9',
           'a894e42a-d14f-59fe-9c1c-b6069fd412b6', 'b6d122c5-22df-594b-8575-cd0e3864eb38',
           '0d39b93a-845e-5cff-ada0-09cca0e22baf', '07b39d4a-6824-5403-95a2-9c1afd28697c']) AS marker (id)
    """,
    # After a restore a milestone may be known of which the commitment is not.
    "ALTER TABLE milestone_reached DROP CONSTRAINT milestone_reached_commitment_id_fkey",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
