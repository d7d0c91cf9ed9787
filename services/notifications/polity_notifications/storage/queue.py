"""Deliveries as senders take them: each taken by one, for a time, and taken up again if that one dies."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

_CLAIM = text("""
UPDATE delivery SET due_at = :until
 WHERE delivery_id IN (
       SELECT delivery_id FROM delivery
        WHERE status = 'queued' AND due_at <= :now AND expires_at > :now
        ORDER BY due_at LIMIT :most FOR NO KEY UPDATE SKIP LOCKED)
RETURNING delivery_id
""")
_LETTERS = text("""
SELECT delivery.delivery_id, delivery.kind, delivery.campaign_id, delivery.attempts, delivery.ordinal,
       delivery.threshold, delivery.traceparent, delivery.due_at,
       person.name AS person_name, person.email, person.language,
       campaign.title, campaign.objectives, campaign.fallback_language,
       campaign.demonstration OR network.demonstration AS demonstration,
       network.name AS network_name, network.fallback_language AS network_language,
       network.time_zone AS network_zone,
       local_government.name AS local_government_name, local_government.time_zone AS local_government_zone,
       invitation.invitation_id, invitation.link_generation, invitation.reply_by,
       milestone.reached_at
  FROM delivery
  JOIN person USING (person_id)
  LEFT JOIN campaign USING (campaign_id)
  LEFT JOIN network USING (network_id)
  LEFT JOIN local_government USING (local_government_id)
  LEFT JOIN invitation USING (invitation_id)
  LEFT JOIN milestone ON milestone.campaign_id = delivery.campaign_id AND milestone.threshold = delivery.threshold
 WHERE delivery.delivery_id = ANY (CAST(:delivery_id AS uuid[])) AND delivery.status = 'queued'
 ORDER BY delivery.asked_at, delivery.delivery_id
""")
_SENT = text("""
WITH noted AS (
    UPDATE delivery SET status = 'sent', sent_at = :now, attempts = attempts + 1, failure = NULL
     WHERE delivery_id = :delivery_id AND status <> 'sent'
    RETURNING delivery_id, attempts)
INSERT INTO delivery_attempt (delivery_id, number, at) SELECT delivery_id, attempts, :now FROM noted
""")
_NOT_SENT = text("""
WITH noted AS (
    UPDATE delivery SET status = :status, failure = :failure, due_at = :due_at, attempts = attempts + :attempts
     WHERE delivery_id = :delivery_id AND status = 'queued' AND due_at = :leased_until
    RETURNING delivery_id, attempts)
INSERT INTO delivery_attempt (delivery_id, number, at, failure)
SELECT delivery_id, attempts, :now, :failure FROM noted WHERE :attempts = 1
""")
_EXPIRE = text("""
UPDATE delivery SET status = 'expired' WHERE status IN ('waiting_address', 'queued') AND expires_at <= :now
""")


@dataclass(frozen=True, slots=True)
class Letter:
    """A delivery with everything its mail says; None where the fact hasn't arrived yet."""

    delivery_id: UUID
    kind: str
    campaign_id: UUID
    attempts: int
    ordinal: int | None
    threshold: int | None
    traceparent: str | None
    due_at: datetime
    """Until when it is ours to send."""
    person_name: str | None
    email: str | None
    language: str | None
    title: dict[str, str] | None
    objectives: dict[str, str] | None
    fallback_language: str | None
    demonstration: bool | None
    network_name: dict[str, str] | None
    network_language: str | None
    network_zone: str | None
    local_government_name: str | None
    local_government_zone: str | None
    invitation_id: UUID | None
    link_generation: int | None
    reply_by: datetime | None
    reached_at: datetime | None


async def claim(session: AsyncSession, now: datetime, lease: timedelta, most: int) -> list[UUID]:
    """Takes up to `most` due deliveries for the time of the lease; several senders never take the same one."""
    rows = await (await session.connection()).execute(_CLAIM, {"now": now, "until": now + lease, "most": most})
    return list(rows.scalars())


async def letters(session: AsyncSession, delivery_ids: Sequence[UUID]) -> list[Letter]:
    """Returns the deliveries with what their mails say; the names and addresses are those of this moment."""
    rows = await (await session.connection()).execute(_LETTERS, {"delivery_id": list(delivery_ids)})
    return [Letter(**row) for row in rows.mappings()]


async def sent(session: AsyncSession, letter: Letter, now: datetime) -> None:
    """Notes that the mail server has taken the mail, whatever became of the delivery meanwhile: it is true."""
    await (await session.connection()).execute(_SENT, {"delivery_id": letter.delivery_id, "now": now})


async def not_sent(
    session: AsyncSession,
    letter: Letter,
    status: str,
    *,
    now: datetime,
    due_at: datetime,
    failure: str | None,
    attempted: bool,
) -> None:
    """Notes why the mail wasn't sent, unless the delivery has been changed or taken by another sender meanwhile."""
    changed: dict[str, Any] = {
        "delivery_id": letter.delivery_id,
        "leased_until": letter.due_at,
        "status": status,
        "failure": failure,
        "due_at": due_at,
        "attempts": int(attempted),
        "now": now,
    }
    await (await session.connection()).execute(_NOT_SENT, changed)


async def expire(session: AsyncSession, now: datetime) -> int:
    """Ends what could not be sent in its time; returns how many."""
    result = await (await session.connection()).execute(_EXPIRE, {"now": now})
    return int(result.rowcount)
