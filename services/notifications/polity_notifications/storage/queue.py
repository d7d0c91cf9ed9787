"""Deliveries as senders take them: each taken by one, for a time, and taken up again if that one dies."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_notifications.domain.validity import MailState
from polity_notifications.storage.mail_states import STATE

# `due_at` too: the senders of 0.1.0, which run on beside a migration, know no other lease.
_CLAIM = text("""
WITH taken AS (
    UPDATE delivery SET leased_until = now() + CAST(:lease AS interval), due_at = now() + CAST(:lease AS interval)
     WHERE delivery_id IN (
           SELECT delivery_id FROM delivery
            WHERE status = 'queued' AND due_at <= now() AND expires_at > now()
              AND (leased_until IS NULL OR leased_until <= now())
            ORDER BY due_at LIMIT :most FOR NO KEY UPDATE SKIP LOCKED)
    RETURNING delivery_id, leased_until, asked_at)
SELECT delivery_id, leased_until FROM taken ORDER BY asked_at, delivery_id
""")
_LOOK = text(f"""
SELECT {STATE},
       delivery.delivery_id, delivery.campaign_id, delivery.attempts, delivery.ordinal, delivery.threshold,
       delivery.traceparent, now() - coalesce(delivery.queued_at, delivery.asked_at) AS waited,
       person.name AS person_name, person.email, person.language,
       campaign.title, campaign.objectives, campaign.fallback_language,
       campaign.demonstration OR network.demonstration AS demonstration,
       network.name AS network_name, network.fallback_language AS network_language,
       network.time_zone AS network_zone,
       local_government.name AS local_government_name, local_government.time_zone AS local_government_zone,
       invitation.invitation_id, milestone.reached_at
  FROM delivery
  JOIN person USING (person_id)
  LEFT JOIN campaign USING (campaign_id)
  LEFT JOIN network USING (network_id)
  LEFT JOIN local_government USING (local_government_id)
  LEFT JOIN invitation USING (invitation_id)
  LEFT JOIN milestone ON milestone.campaign_id = delivery.campaign_id AND milestone.threshold = delivery.threshold
 WHERE delivery.delivery_id = :delivery_id AND delivery.status = 'queued'
   AND delivery.leased_until = :leased_until AND delivery.leased_until >= now() + CAST(:needed AS interval)
""")  # noqa: S608  no part of it is asked for
_SENT = text("""
WITH noted AS (
    UPDATE delivery SET status = 'sent', sent_at = now(), leased_until = NULL, attempts = attempts + 1, failure = NULL
     WHERE delivery_id = :delivery_id AND status <> 'sent'
    RETURNING delivery_id, attempts)
INSERT INTO delivery_attempt (delivery_id, number, at) SELECT delivery_id, attempts, now() FROM noted
""")
_NOT_SENT = text("""
WITH noted AS (
    UPDATE delivery SET status = :status, failure = :failure, due_at = now() + CAST(:after AS interval),
                        leased_until = NULL, attempts = attempts + :attempts
     WHERE delivery_id = :delivery_id AND status = 'queued' AND leased_until = :leased_until
    RETURNING delivery_id, attempts)
INSERT INTO delivery_attempt (delivery_id, number, at, failure)
SELECT delivery_id, attempts, now(), :failure FROM noted WHERE :attempts = 1
""")
_END = text("""
UPDATE delivery SET status = :status, leased_until = NULL
 WHERE delivery_id = :delivery_id AND status = 'queued' AND leased_until = :leased_until
""")
_EXPIRE = text("""
UPDATE delivery SET status = 'expired'
 WHERE delivery_id IN (
       SELECT delivery_id FROM delivery
        WHERE status IN ('waiting_address', 'queued') AND expires_at <= now()
        ORDER BY expires_at LIMIT :most FOR NO KEY UPDATE SKIP LOCKED)
""")


@dataclass(frozen=True, slots=True)
class Taken:
    """A delivery that is ours to send until then, by the database's clock."""

    delivery_id: UUID
    leased_until: datetime


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
    waited: timedelta
    """Since its reader's address has been known."""
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


async def claim(session: AsyncSession, lease: timedelta, most: int) -> list[Taken]:
    """Takes up to `most` due deliveries for the time of the lease; several senders never take the same one."""
    rows = await (await session.connection()).execute(_CLAIM, {"lease": lease, "most": most})
    return [Taken(**row) for row in rows.mappings()]


async def look(session: AsyncSession, taken: Taken, needed: timedelta) -> tuple[MailState, Letter] | None:
    """Returns how the delivery stands at this moment and what its mail says, names and addresses included.

    None if less than `needed` is left of our lease, or the delivery has ended meanwhile.
    """
    values = {"delivery_id": taken.delivery_id, "leased_until": taken.leased_until, "needed": needed}
    row = (await (await session.connection()).execute(_LOOK, values)).mappings().one_or_none()
    if row is None:
        return None
    state = MailState(**{name: row[name] for name in MailState.__dataclass_fields__})
    return state, Letter(**{name: row[name] for name in Letter.__dataclass_fields__})


async def sent(session: AsyncSession, delivery_id: UUID) -> None:
    """Notes that the mail server has taken the mail, whatever became of the delivery meanwhile: it is true."""
    await (await session.connection()).execute(_SENT, {"delivery_id": delivery_id})


async def not_sent(
    session: AsyncSession, taken: Taken, status: str, *, after: timedelta, failure: str | None, attempted: bool
) -> None:
    """Notes why the mail wasn't sent and when it is due again, unless it is no longer ours."""
    changed: dict[str, Any] = {
        "delivery_id": taken.delivery_id,
        "leased_until": taken.leased_until,
        "status": status,
        "failure": failure,
        "after": after,
        "attempts": int(attempted),
    }
    await (await session.connection()).execute(_NOT_SENT, changed)


async def end(session: AsyncSession, taken: Taken, status: str) -> None:
    """Ends a delivery whose mail doesn't hold, unless it is no longer ours."""
    values = {"delivery_id": taken.delivery_id, "leased_until": taken.leased_until, "status": status}
    await (await session.connection()).execute(_END, values)


async def expire(session: AsyncSession, most: int) -> int:
    """Ends up to `most` of what could not be sent in its time; returns how many."""
    return (await (await session.connection()).execute(_EXPIRE, {"most": most})).rowcount
