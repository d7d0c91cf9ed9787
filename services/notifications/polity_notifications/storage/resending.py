"""A delivery that is asked for once more: the same row, whose attempts go on being counted."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_notifications.domain.deliveries import WITH_DEADLINE
from polity_notifications.domain.validity import MailState
from polity_notifications.storage import people
from polity_notifications.storage.mail_states import STATE

_READER = text("SELECT person_id FROM delivery WHERE delivery_id = :delivery_id")
_LOCK = text(f"""
SELECT {STATE}
  FROM delivery JOIN person USING (person_id) LEFT JOIN invitation USING (invitation_id)
 WHERE delivery.delivery_id = :delivery_id
   FOR NO KEY UPDATE OF delivery
""")  # noqa: S608  no part of it is asked for
_AGAIN = text("""
UPDATE delivery
   SET status = CASE WHEN person.email IS NULL THEN 'waiting_address' ELSE 'queued' END,
       queued_at = CASE WHEN person.email IS NOT NULL THEN coalesce(delivery.queued_at, now()) END,
       due_at = now(), leased_until = NULL, sent_at = NULL, failure = NULL,
       expires_at = least((SELECT reply_by FROM invitation
                            WHERE invitation.invitation_id = delivery.invitation_id
                              AND delivery.kind = ANY (CAST(:with_deadline AS text[]))),
                          now() + CAST(:waiting AS interval))
  FROM person
 WHERE delivery_id = :delivery_id AND person.person_id = delivery.person_id
RETURNING delivery.status, delivery.expires_at
""")


@dataclass(frozen=True, slots=True)
class Resent:
    status: str
    expires_at: datetime


async def lock(session: AsyncSession, delivery_id: UUID) -> MailState:
    """Returns the state of the delivery, which must be there; its reader's row and its own are locked until the commit.

    The reader's first, as whoever erases does.
    """
    connection = await session.connection()
    reader = (await connection.execute(_READER, {"delivery_id": delivery_id})).scalar_one()
    await people.lock(session, [reader])
    return MailState(**(await connection.execute(_LOCK, {"delivery_id": delivery_id})).mappings().one())


async def again(session: AsyncSession, delivery_id: UUID, waiting: timedelta) -> Resent:
    """Queues the locked delivery; it waits while its reader's address isn't known, and ends with the deadline."""
    values = {"delivery_id": delivery_id, "waiting": waiting, "with_deadline": sorted(WITH_DEADLINE)}
    row = (await (await session.connection()).execute(_AGAIN, values)).mappings().one()
    return Resent(**row)
