"""Every public fact is kept for a while with what subscriptions choose by, so that what was missed can be asked for."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_STATEMENTS = (
    # Nullable for the code of before, which still writes; what it writes can't be asked for as missed.
    "ALTER TABLE webhook_message ADD COLUMN subject text",
    "ALTER TABLE webhook_message ADD COLUMN sequence bigint",
    "ALTER TABLE webhook_message ADD COLUMN networks uuid[]",
    "ALTER TABLE webhook_message ADD COLUMN occurred_at timestamptz",
    "ALTER TABLE webhook_message ADD COLUMN recorded_at timestamptz DEFAULT now()",
    """
    UPDATE webhook_message
       SET subject = told.body->>'subject', sequence = CAST(told.body->>'sequence' AS bigint),
           networks = CAST(string_to_array(coalesce(told.body->>'networks', ''), ',') AS uuid[]),
           occurred_at = CAST(told.body->>'time' AS timestamptz),
           recorded_at = coalesce((SELECT min(asked_at) FROM webhook_delivery
                                    WHERE webhook_delivery.message_id = webhook_message.message_id),
                                  CAST(told.body->>'time' AS timestamptz))
      FROM (SELECT message_id, CAST(body AS jsonb) AS body FROM webhook_message) AS told
     WHERE told.message_id = webhook_message.message_id AND told.body ? 'sequence'
    """,
    "CREATE INDEX webhook_message_recorded ON webhook_message (recorded_at)",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
