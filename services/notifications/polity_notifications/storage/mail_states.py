"""What decides whether mails still hold, read and written for many at a time."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_notifications.domain.deliveries import Status
from polity_notifications.domain.validity import MailState
from polity_notifications.storage import people

STATE = """
delivery.kind, delivery.status, delivery.sequence, delivery.sent_at,
person.email IS NOT NULL AS addressed, person.erased_at IS NOT NULL AS erased,
EXISTS (SELECT FROM secretariat JOIN milestone USING (network_id)
         WHERE milestone.campaign_id = delivery.campaign_id AND milestone.threshold = delivery.threshold
           AND secretariat.person_id = delivery.person_id AND secretariat.ended_at IS NULL) AS in_office,
invitation.link_generation, invitation.reply_by, coalesce(invitation.declined, false) AS declined,
invitation.declined_sequence, coalesce(invitation.counted, false) AS counted, invitation.pledge,
invitation.pledge_sequence, now() AS at
"""
"""The columns of MailState, of `delivery JOIN person USING (person_id) LEFT JOIN invitation USING (invitation_id)`."""

_READERS = text("""
SELECT DISTINCT person_id FROM delivery
 WHERE invitation_id = ANY (CAST(:invitation_id AS uuid[]))
   AND status IN ('waiting_address', 'queued', 'cancelled_revoked', 'cancelled_answered')
""")
_LOCK_UNSENT = text(f"""
SELECT delivery.delivery_id, {STATE}
  FROM delivery JOIN person USING (person_id) LEFT JOIN invitation USING (invitation_id)
 WHERE delivery.invitation_id = ANY (CAST(:invitation_id AS uuid[]))
   AND delivery.status IN ('waiting_address', 'queued', 'cancelled_revoked', 'cancelled_answered')
 ORDER BY delivery.delivery_id
   FOR NO KEY UPDATE OF delivery
""")  # noqa: S608  no part of it is asked for
# Not before the lease ends of whoever may be handing it over: the senders of 0.1.0 look at `due_at` alone.
_CHANGE = text("""
UPDATE delivery SET status = changed.status, due_at = greatest(now(), leased_until),
                    queued_at = CASE changed.status WHEN 'queued' THEN now() END
  FROM unnest(CAST(:delivery_id AS uuid[]), CAST(:status AS text[])) AS changed (delivery_id, status)
 WHERE delivery.delivery_id = changed.delivery_id
""")
_PROLONG = text("""
UPDATE delivery
   SET expires_at = greatest(expires_at, least(invitation.reply_by, delivery.asked_at + CAST(:waiting AS interval)))
  FROM invitation
 WHERE delivery.invitation_id = invitation.invitation_id
   AND delivery.invitation_id = ANY (CAST(:invitation_id AS uuid[]))
   AND delivery.kind IN ('invitation', 'extension') AND delivery.status IN ('waiting_address', 'queued')
""")


@dataclass(frozen=True, slots=True)
class Unsent:
    delivery_id: UUID
    state: MailState


async def lock_unsent(session: AsyncSession, invitation_ids: Collection[UUID]) -> list[Unsent]:
    """Returns what was not sent yet, nor failed, about the invitations; the readers' rows and these are locked.

    The readers' first, as whoever erases does.
    """
    connection = await session.connection()
    about = {"invitation_id": sorted(invitation_ids)}
    if not (readers := list((await connection.execute(_READERS, about)).scalars())):
        return []
    await people.lock(session, readers)
    rows = [dict(row) for row in (await connection.execute(_LOCK_UNSENT, about)).mappings()]
    return [Unsent(row.pop("delivery_id"), MailState(**row)) for row in rows]


async def change(session: AsyncSession, statuses: Mapping[UUID, Status]) -> None:
    """Gives the locked deliveries their statuses; what is queued is due once no sender has it in hand."""
    if statuses:
        columns = {"delivery_id": list(statuses), "status": [status.value for status in statuses.values()]}
        await (await session.connection()).execute(_CHANGE, columns)


async def prolong(session: AsyncSession, invitation_ids: Collection[UUID], waiting: timedelta) -> None:
    """Lets what asks for an answer and waits to be sent, locked already, expire by the deadline that holds now."""
    about = {"invitation_id": sorted(invitation_ids), "waiting": waiting}
    await (await session.connection()).execute(_PROLONG, about)
