"""Webhook deliveries: taken by senders, noted with each attempt, asked for once more."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_notifications.domain.webhook_shares import Claimant

_WAITING = text("""
SELECT webhook.webhook_id, webhook.owner, webhook.failing_since IS NOT NULL AS failing, first.due_at IS NOT NULL AS due
  FROM webhook
  LEFT JOIN LATERAL (
       SELECT delivery.due_at FROM webhook_delivery AS delivery
        WHERE delivery.webhook_id = webhook.webhook_id AND delivery.status = 'pending'
          AND delivery.due_at <= now() AND (delivery.taken_until IS NULL OR delivery.taken_until <= now())
          AND webhook.disabled_reason IS NULL AND webhook.paused_at IS NULL
          AND (webhook.held_until IS NULL OR webhook.held_until <= now())
        ORDER BY delivery.due_at LIMIT 1) AS first ON true
 WHERE first.due_at IS NOT NULL OR webhook.webhook_id = ANY (CAST(:busy AS uuid[]))
 ORDER BY first.due_at
""")
_CLAIM = text("""
WITH taken AS (
  UPDATE webhook_delivery SET taken_until = now() + CAST(:lease AS interval)
    FROM (SELECT due.delivery_id
            FROM unnest(CAST(:webhook_id AS uuid[]), CAST(:share AS int[])) AS shared (webhook_id, share)
           CROSS JOIN LATERAL (
                 SELECT waiting.delivery_id FROM webhook_delivery AS waiting
                  WHERE waiting.webhook_id = shared.webhook_id AND waiting.status = 'pending'
                    AND waiting.due_at <= now() AND (waiting.taken_until IS NULL OR waiting.taken_until <= now())
                    AND waiting.sequence = (
                        SELECT first.sequence FROM webhook_delivery AS first
                         WHERE first.webhook_id = waiting.webhook_id AND first.subject = waiting.subject
                           AND first.status = 'pending'
                         ORDER BY first.sequence LIMIT 1)
                  ORDER BY waiting.due_at
                  LIMIT shared.share
                    FOR NO KEY UPDATE OF waiting SKIP LOCKED) AS due) AS due
   WHERE webhook_delivery.delivery_id = due.delivery_id
  RETURNING webhook_delivery.delivery_id, webhook_id, message_id, tries, taken_until)
SELECT taken.*, webhook.failing_since IS NOT NULL AS failing, webhook.owner, webhook.url, webhook.key_id,
       webhook.generation, webhook.previous_key_id, webhook.previous_until,
       CAST(webhook.earlier_secrets AS text) AS earlier_secrets, webhook_message.body, webhook_message.traceparent
  FROM taken JOIN webhook USING (webhook_id) JOIN webhook_message USING (message_id)
""")
_NOTE = text("""
WITH told AS (
  SELECT * FROM unnest(CAST(:delivery_id AS uuid[]), CAST(:status AS text[]), CAST(:after AS interval[]),
                       CAST(:taken_until AS timestamptz[]), CAST(:status_code AS int[]), CAST(:reason AS text[]),
                       CAST(:milliseconds AS int[]), CAST(:held AS interval[]), CAST(:used AS int[]))
         AS told (delivery_id, status, after, taken_until, status_code, reason, milliseconds, held, used)),
noted AS (
  UPDATE webhook_delivery SET status = told.status, due_at = now() + told.after, taken_until = NULL,
                              tries = tries + told.used,
                              attempts = attempts + 1
    FROM told
   WHERE webhook_delivery.delivery_id = told.delivery_id
     AND (told.status = 'delivered'
          OR webhook_delivery.status = 'pending' AND webhook_delivery.taken_until = told.taken_until)
  RETURNING webhook_delivery.delivery_id, attempts, now(), told.status_code, told.reason, told.milliseconds, told.held)
INSERT INTO webhook_attempt (delivery_id, number, at, status_code, reason, milliseconds, held) SELECT * FROM noted
""")
_GIVE_BACK = text("""
UPDATE webhook_delivery SET taken_until = NULL
  FROM unnest(CAST(:delivery_id AS uuid[]), CAST(:taken_until AS timestamptz[])) AS told (delivery_id, taken_until)
 WHERE webhook_delivery.delivery_id = told.delivery_id AND webhook_delivery.taken_until = told.taken_until
""")
_LOCK = text("""
SELECT count(*)
  FROM (SELECT FROM webhook WHERE webhook_id = ANY (CAST(:webhook_id AS uuid[]))
         ORDER BY webhook_id FOR NO KEY UPDATE) AS locked
""")
_WELL = text("""
WITH recovered AS (
  UPDATE webhook SET failing_since = NULL, failing_for = '0', failed_at = NULL
   WHERE webhook_id = ANY (CAST(:webhook_id AS uuid[])) AND failing_since IS NOT NULL
  RETURNING webhook_id)
UPDATE webhook_delivery SET due_at = now()
  FROM recovered
 WHERE webhook_delivery.webhook_id = recovered.webhook_id AND status = 'pending' AND due_at > now()
""")
_ILL = text("""
UPDATE webhook
   SET failing_since = coalesce(failing_since, now()),
       failing_for = failing_for + CASE WHEN failed_at > now() - CAST(:silence AS interval)
                                        THEN now() - failed_at ELSE '0' END,
       failed_at = now(), held_until = greatest(held_until, now() + told.held)
  FROM unnest(CAST(:webhook_id AS uuid[]), CAST(:held AS interval[])) AS told (webhook_id, held)
 WHERE webhook.webhook_id = told.webhook_id
""")
_FAILING = text("""
SELECT webhook_id FROM webhook
 WHERE webhook_id = ANY (CAST(:webhook_id AS uuid[])) AND failing_for >= CAST(:failing AS interval)
   AND disabled_reason IS NULL
""")
_AGAIN = text("""
UPDATE webhook_delivery SET status = 'pending', tries = 0, due_at = now() WHERE delivery_id = :delivery_id
RETURNING webhook_id
""")
_ALL_AGAIN = text("""
UPDATE webhook_delivery SET status = 'pending', tries = 0, due_at = now()
 WHERE delivery_id IN (
       SELECT waiting.delivery_id
         FROM webhook_delivery AS waiting JOIN webhook_message USING (message_id)
        WHERE waiting.webhook_id = :webhook_id AND waiting.status IN ('exhausted', 'cancelled')
          AND waiting.asked_at >= :since AND webhook_message.type = ANY (CAST(:types AS text[]))
        ORDER BY waiting.asked_at, waiting.delivery_id LIMIT :most FOR NO KEY UPDATE OF waiting)
""")


@dataclass(frozen=True, slots=True)
class Post:
    """One delivery in a sender's hand, with all that it needs to post it; `taken_at` is of that sender's own clock."""

    delivery_id: UUID
    webhook_id: UUID
    message_id: UUID
    tries: int
    taken_until: datetime
    taken_at: float
    failing: bool
    owner: str
    url: str
    key_id: str
    generation: int
    previous_key_id: str | None
    previous_until: datetime | None
    earlier_secrets: str
    body: str
    traceparent: str | None


@dataclass(frozen=True, slots=True)
class Noted:
    """What one attempt came to; `after` is how long the next one waits, if there is one, `used` how many tries it was.

    `held` is how long the endpoint asked to be left alone.
    """

    delivery_id: UUID
    status: str
    after: timedelta
    taken_until: datetime
    status_code: int | None
    reason: str | None
    milliseconds: int
    held: timedelta | None
    used: int


async def claimants(session: AsyncSession, busy: Collection[UUID]) -> list[Claimant]:
    """Returns the subscriptions of which something is due, the longest due first, and those that are `busy`."""
    rows = await (await session.connection()).execute(_WAITING, {"busy": list(busy)})
    return [Claimant(**row) for row in rows.mappings()]


async def claim(session: AsyncSession, shares: Mapping[UUID, int], *, at: float, lease: timedelta) -> list[Post]:
    """Takes due deliveries for the lease, of each subscription up to its share; of one subject only the first.

    `at` is the sender's `time.monotonic()` from before the lease began.
    """
    values = {"webhook_id": list(shares), "share": list(shares.values()), "lease": lease}
    rows = await (await session.connection()).execute(_CLAIM, values)
    return [Post(**row, taken_at=at) for row in rows.mappings()]


async def give_back(session: AsyncSession, posts: Sequence[Post]) -> None:
    """Ends the lease of what was taken and not posted."""
    if posts:
        values = {name: [getattr(post, name) for post in posts] for name in ("delivery_id", "taken_until")}
        await (await session.connection()).execute(_GIVE_BACK, values)


async def note(session: AsyncSession, noted: Sequence[Noted]) -> None:
    """Writes attempts down. A success is always true; a failure counts only while the delivery is still ours."""
    fields = Noted.__dataclass_fields__
    await (await session.connection()).execute(_NOTE, {name: [getattr(one, name) for one in noted] for name in fields})


async def judge(
    session: AsyncSession, *, well: Sequence[UUID], ill: Mapping[UUID, timedelta], silence: timedelta
) -> None:
    """Keeps since when, and for how much time, each subscription's endpoint has taken nothing; in one order of locks.

    `ill` says how long each endpoint asks to be left alone. The time between two failures counts if it is shorter than
    the silence. What waits for an endpoint that took something again is due at once.
    """
    if not (well or ill):
        return
    connection = await session.connection()
    await connection.execute(_LOCK, {"webhook_id": [*well, *ill]})
    if well:
        await connection.execute(_WELL, {"webhook_id": list(well)})
    if ill:
        await connection.execute(_ILL, {"webhook_id": list(ill), "held": list(ill.values()), "silence": silence})


async def failing(session: AsyncSession, webhook_ids: Sequence[UUID], failing: timedelta) -> list[UUID]:
    """Returns those of the subscriptions whose endpoints took nothing through so much time of trying."""
    values = {"webhook_id": list(webhook_ids), "failing": failing}
    return list((await (await session.connection()).execute(_FAILING, values)).scalars())


async def again(session: AsyncSession, delivery_id: UUID) -> None:
    """Asks for the delivery anew, whatever became of it; one that is being posted right now is waited for."""
    await (await session.connection()).execute(_AGAIN, {"delivery_id": delivery_id})


async def all_again(session: AsyncSession, webhook_id: UUID, types: Collection[str], since: datetime, most: int) -> int:
    """Asks anew for up to `most` of these types that were asked for since then and given up, the earliest first.

    Returns how many.
    """
    values = {"webhook_id": webhook_id, "types": sorted(types), "since": since, "most": most}
    return (await (await session.connection()).execute(_ALL_AGAIN, values)).rowcount
