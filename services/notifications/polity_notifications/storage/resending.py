"""A delivery that is asked for once more: the same row, whose attempts go on being counted."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_notifications.domain.deliveries import Resendable
from polity_notifications.storage import people

_READER = text("SELECT person_id FROM delivery WHERE delivery_id = :delivery_id")
_LOCK = text("""
SELECT delivery.kind, delivery.status, delivery.sent_at, person.erased_at IS NOT NULL AS erased,
       invitation.link_generation, invitation.reply_by,
       coalesce(invitation.declined, false) AS declined, coalesce(invitation.counted, false) AS counted
  FROM delivery JOIN person USING (person_id) LEFT JOIN invitation USING (invitation_id)
 WHERE delivery.delivery_id = :delivery_id
   FOR NO KEY UPDATE OF delivery
""")
_AGAIN = text("""
UPDATE delivery
   SET status = CASE WHEN person.email IS NULL THEN 'waiting_address' ELSE 'queued' END,
       queued_at = CASE WHEN person.email IS NULL THEN NULL ELSE coalesce(queued_at, :now) END,
       due_at = :now, expires_at = :expires_at, sent_at = NULL, failure = NULL
  FROM person
 WHERE delivery_id = :delivery_id AND person.person_id = delivery.person_id
""")


async def lock(session: AsyncSession, delivery_id: UUID) -> Resendable:
    """Returns the delivery, which must be there; its reader's row and its own are locked until the commit.

    The reader's first, as whoever erases does.
    """
    connection = await session.connection()
    reader = (await connection.execute(_READER, {"delivery_id": delivery_id})).scalar_one()
    await people.lock(session, [reader])
    return Resendable(**(await connection.execute(_LOCK, {"delivery_id": delivery_id})).mappings().one())


async def again(session: AsyncSession, delivery_id: UUID, expires_at: datetime, now: datetime) -> None:
    """Queues the locked delivery; it waits while its reader's address isn't known."""
    values = {"delivery_id": delivery_id, "expires_at": expires_at, "now": now}
    await (await session.connection()).execute(_AGAIN, values)
