"""Subscriptions of partner systems, what is posted to them, and each attempt."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE webhook (
        webhook_id uuid PRIMARY KEY,
        owner text NOT NULL,
        url text NOT NULL,
        description text NOT NULL,
        fact_types text[],
        networks uuid[],
        key_id text NOT NULL,
        generation integer NOT NULL,
        previous_key_id text,
        previous_until timestamptz,
        created_at timestamptz NOT NULL,
        enabled_at timestamptz NOT NULL,
        disabled_reason text,
        disabled_at timestamptz,
        failing_since timestamptz
    )
    """,
    "CREATE INDEX webhook_owner ON webhook (owner, webhook_id)",
    """
    CREATE TABLE webhook_message (
        message_id uuid PRIMARY KEY,
        type text NOT NULL,
        body text NOT NULL,
        traceparent text
    )
    """,
    """
    CREATE TABLE webhook_delivery (
        delivery_id uuid PRIMARY KEY,
        webhook_id uuid NOT NULL,
        message_id uuid NOT NULL,
        subject text NOT NULL,
        sequence bigint NOT NULL,
        status text NOT NULL,
        tries integer NOT NULL DEFAULT 0,
        attempts integer NOT NULL DEFAULT 0,
        due_at timestamptz NOT NULL,
        taken_until timestamptz,
        asked_at timestamptz NOT NULL,
        UNIQUE (message_id, webhook_id)
    )
    """,
    "CREATE INDEX webhook_delivery_page ON webhook_delivery (webhook_id, asked_at, delivery_id)",
    "CREATE INDEX webhook_delivery_due ON webhook_delivery (webhook_id, due_at) WHERE status = 'pending'",
    """
    CREATE INDEX webhook_delivery_order ON webhook_delivery (webhook_id, subject, sequence) WHERE status = 'pending'
    """,
    """
    CREATE TABLE webhook_attempt (
        delivery_id uuid,
        number integer,
        at timestamptz NOT NULL,
        status_code integer,
        reason text,
        milliseconds integer NOT NULL,
        PRIMARY KEY (delivery_id, number)
    )
    """,
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
