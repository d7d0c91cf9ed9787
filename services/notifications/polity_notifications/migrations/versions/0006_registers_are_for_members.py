"""Cancels what still waited to be posted of registers, whose facts are for members now."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

CANCEL = """
UPDATE webhook_delivery SET status = 'cancelled'
  FROM webhook_message
 WHERE webhook_message.message_id = webhook_delivery.message_id AND webhook_delivery.status = 'pending'
   AND webhook_message.type = 'membership.local_government_registered'
"""


def upgrade() -> None:
    op.execute(CANCEL)
