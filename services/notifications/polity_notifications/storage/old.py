"""What has ended, and served its time."""

from datetime import timedelta

from sqlalchemy import TextClause, text
from sqlmodel.ext.asyncio.session import AsyncSession

_WEBHOOK_DELIVERIES = text("""
WITH old AS (
  SELECT ended.delivery_id
    FROM webhook
   CROSS JOIN LATERAL (
         SELECT delivery_id FROM webhook_delivery
          WHERE webhook_delivery.webhook_id = webhook.webhook_id AND asked_at < now() - CAST(:kept AS interval)
            AND status <> 'pending'
          ORDER BY asked_at LIMIT :most FOR UPDATE SKIP LOCKED) AS ended
   LIMIT :most),
attempts AS (DELETE FROM webhook_attempt USING old WHERE webhook_attempt.delivery_id = old.delivery_id)
DELETE FROM webhook_delivery USING old WHERE webhook_delivery.delivery_id = old.delivery_id
""")
_WEBHOOK_MESSAGES = text("""
DELETE FROM webhook_message
 WHERE message_id IN (
       SELECT message_id FROM webhook_message AS old
        WHERE recorded_at < now() - CAST(:kept AS interval)
          AND NOT EXISTS (SELECT FROM webhook_delivery WHERE webhook_delivery.message_id = old.message_id)
        ORDER BY recorded_at LIMIT :most)
""")
_MAIL_ATTEMPTS = text("""
DELETE FROM delivery_attempt
 WHERE (delivery_id, number) IN (
       SELECT delivery_id, number FROM delivery_attempt JOIN delivery USING (delivery_id)
        WHERE delivery_attempt.at < now() - CAST(:kept AS interval) AND status NOT IN ('waiting_address', 'queued')
        LIMIT :most)
""")


async def forget_webhook_deliveries(session: AsyncSession, kept: timedelta, most: int) -> int:
    """Removes deliveries that ended and were asked for longer ago, with their attempts; returns how many."""
    return await _forget(session, _WEBHOOK_DELIVERIES, kept, most)


async def forget_webhook_messages(session: AsyncSession, kept: timedelta, most: int) -> int:
    """Removes public facts that came longer ago and of which no delivery is left; returns how many."""
    return await _forget(session, _WEBHOOK_MESSAGES, kept, most)


async def forget_mail_attempts(session: AsyncSession, kept: timedelta, most: int) -> int:
    """Removes attempts made longer ago of mails that have ended, which stay with their number; returns how many."""
    return await _forget(session, _MAIL_ATTEMPTS, kept, most)


async def _forget(session: AsyncSession, statement: TextClause, kept: timedelta, most: int) -> int:
    return (await (await session.connection()).execute(statement, {"kept": kept, "most": most})).rowcount
