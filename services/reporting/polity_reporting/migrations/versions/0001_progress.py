"""The chassis' tables and the projection of progress."""

from alembic import op
from polity_chassis.database.migrations import create_chassis_tables

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TABLES = (
    """
    CREATE TABLE campaign (
        campaign_id uuid PRIMARY KEY,
        version bigint NOT NULL DEFAULT 0,
        title jsonb,
        fallback_language text,
        time_zone text,
        themes jsonb,
        milestones jsonb,
        demonstration boolean
    )
    """,
    """
    CREATE TABLE local_government (
        local_government_id uuid PRIMARY KEY,
        name text NOT NULL,
        country text NOT NULL,
        region text NOT NULL
    )
    """,
    """
    CREATE TABLE answer (
        campaign_id uuid,
        local_government_id uuid,
        invited_at timestamptz,
        interested_at timestamptz,
        committed_at timestamptz,
        ordinal integer,
        first_theme text,
        PRIMARY KEY (campaign_id, local_government_id)
    )
    """,
    "CREATE INDEX answer_local_government ON answer (local_government_id)",
    """
    CREATE TABLE milestone (
        campaign_id uuid,
        threshold integer,
        ordinal integer NOT NULL,
        commitment_id uuid NOT NULL,
        reached_at timestamptz NOT NULL,
        PRIMARY KEY (campaign_id, threshold)
    )
    """,
)


def upgrade() -> None:
    create_chassis_tables(op)
    for statement in _TABLES:
        op.execute(statement)
