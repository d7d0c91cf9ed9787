"""The chassis' tables, what mails are about, the people they are for, and the mails themselves."""

from alembic import op
from polity_chassis.database.migrations import create_chassis_tables

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TABLES = (
    """
    CREATE TABLE person (
        person_id uuid PRIMARY KEY,
        name text,
        email text,
        language text,
        erased_at timestamptz
    )
    """,
    """
    CREATE TABLE network (
        network_id uuid PRIMARY KEY,
        name jsonb,
        fallback_language text,
        time_zone text,
        demonstration boolean
    )
    """,
    """
    CREATE TABLE local_government (
        local_government_id uuid PRIMARY KEY,
        name text NOT NULL,
        time_zone text NOT NULL
    )
    """,
    """
    CREATE TABLE campaign (
        campaign_id uuid PRIMARY KEY,
        network_id uuid NOT NULL,
        title jsonb NOT NULL,
        objectives jsonb NOT NULL,
        fallback_language text NOT NULL,
        demonstration boolean NOT NULL
    )
    """,
    """
    CREATE TABLE milestone (
        campaign_id uuid,
        threshold integer,
        network_id uuid NOT NULL,
        ordinal integer NOT NULL,
        reached_at timestamptz NOT NULL,
        traceparent text,
        PRIMARY KEY (campaign_id, threshold)
    )
    """,
    "CREATE INDEX milestone_network ON milestone (network_id)",
    """
    CREATE TABLE invitation (
        invitation_id uuid PRIMARY KEY,
        link_generation integer NOT NULL,
        reply_by timestamptz
    )
    """,
    """
    CREATE TABLE secretariat (
        mandate_id uuid PRIMARY KEY,
        network_id uuid NOT NULL,
        person_id uuid NOT NULL,
        granted_at timestamptz NOT NULL,
        ended_at timestamptz
    )
    """,
    "CREATE INDEX secretariat_network ON secretariat (network_id)",
    """
    CREATE TABLE delivery (
        delivery_id uuid PRIMARY KEY,
        kind text NOT NULL,
        campaign_id uuid NOT NULL,
        person_id uuid NOT NULL,
        local_government_id uuid,
        invitation_id uuid,
        ordinal integer,
        threshold integer,
        status text NOT NULL,
        attempts integer NOT NULL DEFAULT 0,
        due_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        sent_at timestamptz,
        failure text,
        traceparent text,
        asked_at timestamptz NOT NULL
    )
    """,
    "CREATE INDEX delivery_page ON delivery (campaign_id, asked_at, delivery_id)",
    "CREATE INDEX delivery_due ON delivery (due_at) WHERE status = 'queued'",
    "CREATE INDEX delivery_open ON delivery (expires_at) WHERE status IN ('waiting_address', 'queued')",
    "CREATE INDEX delivery_person ON delivery (person_id) WHERE status IN ('waiting_address', 'queued')",
)


def upgrade() -> None:
    create_chassis_tables(op)
    for statement in _TABLES:
        op.execute(statement)
