"""Each attempt to send a mail, and when the mail was queued."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_STATEMENTS = (
    "ALTER TABLE delivery ADD COLUMN queued_at timestamptz",
    "UPDATE delivery SET queued_at = asked_at WHERE attempts > 0",
    """
    CREATE TABLE delivery_attempt (
        delivery_id uuid,
        number integer,
        at timestamptz NOT NULL,
        failure text,
        PRIMARY KEY (delivery_id, number)
    )
    """,
    # Of mails sent before, the attempt that was taken is known; those before it are not.
    """
    INSERT INTO delivery_attempt (delivery_id, number, at)
    SELECT delivery_id, attempts, sent_at FROM delivery WHERE sent_at IS NOT NULL
    """,
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
