"""Webhook deliveries: asked for by facts, taken by senders, noted with each attempt."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_notifications.storage.tables import webhook_delivery, webhook_message

_CLAIM = text("""
WITH taken AS (
  UPDATE webhook_delivery SET taken_until = :until
    FROM (SELECT due.delivery_id
            FROM webhook
           CROSS JOIN LATERAL (
                 SELECT waiting.delivery_id FROM webhook_delivery AS waiting
                  WHERE waiting.webhook_id = webhook.webhook_id AND waiting.status = 'pending'
                    AND waiting.due_at <= :now AND (waiting.taken_until IS NULL OR waiting.taken_until <= :now)
                    AND waiting.sequence = (
                        SELECT first.sequence FROM webhook_delivery AS first
                         WHERE first.webhook_id = waiting.webhook_id AND first.subject = waiting.subject
                           AND first.status = 'pending'
                         ORDER BY first.sequence LIMIT 1)
                  ORDER BY waiting.due_at
                  LIMIT greatest(0, CASE WHEN webhook.failing_since IS NULL THEN CAST(:most AS int) ELSE 1 END
                      - coalesce((SELECT busy.number
                                    FROM unnest(CAST(:busy_id AS uuid[]), CAST(:busy AS int[])) AS busy (id, number)
                                   WHERE busy.id = webhook.webhook_id), 0))
                    FOR NO KEY UPDATE OF waiting SKIP LOCKED) AS due
           WHERE webhook.disabled_reason IS NULL AND webhook.paused_at IS NULL
           LIMIT :room) AS due
   WHERE webhook_delivery.delivery_id = due.delivery_id
  RETURNING webhook_delivery.delivery_id, webhook_id, message_id, tries, taken_until)
SELECT taken.*, webhook.failing_since IS NOT NULL AS failing, webhook.url, webhook.key_id, webhook.generation,
       webhook.previous_key_id, webhook.previous_until, webhook_message.body, webhook_message.traceparent
  FROM taken JOIN webhook USING (webhook_id) JOIN webhook_message USING (message_id)
""")
_NOTE = text("""
WITH told AS (
  SELECT * FROM unnest(CAST(:delivery_id AS uuid[]), CAST(:status AS text[]), CAST(:due_at AS timestamptz[]),
                       CAST(:taken_until AS timestamptz[]), CAST(:at AS timestamptz[]), CAST(:status_code AS int[]),
                       CAST(:reason AS text[]), CAST(:milliseconds AS int[]))
         AS told (delivery_id, status, due_at, taken_until, at, status_code, reason, milliseconds)),
noted AS (
  UPDATE webhook_delivery SET status = told.status, due_at = told.due_at, taken_until = NULL, tries = tries + 1,
                              attempts = attempts + 1
    FROM told
   WHERE webhook_delivery.delivery_id = told.delivery_id
     AND (told.status = 'delivered'
          OR webhook_delivery.status = 'pending' AND webhook_delivery.taken_until = told.taken_until)
  RETURNING webhook_delivery.delivery_id, attempts, told.at, told.status_code, told.reason, told.milliseconds)
INSERT INTO webhook_attempt (delivery_id, number, at, status_code, reason, milliseconds) SELECT * FROM noted
""")
_GIVE_BACK = text("""
UPDATE webhook_delivery SET taken_until = NULL
  FROM unnest(CAST(:delivery_id AS uuid[]), CAST(:taken_until AS timestamptz[])) AS told (delivery_id, taken_until)
 WHERE webhook_delivery.delivery_id = told.delivery_id AND webhook_delivery.taken_until = told.taken_until
""")
_WELL = text("""
UPDATE webhook SET failing_since = NULL
 WHERE webhook_id = ANY (CAST(:webhook_id AS uuid[])) AND failing_since IS NOT NULL
""")
_ILL = text("""
UPDATE webhook SET failing_since = :now
 WHERE webhook_id = ANY (CAST(:webhook_id AS uuid[])) AND failing_since IS NULL
""")
_FAILING = text("""
SELECT webhook_id FROM webhook
 WHERE webhook_id = ANY (CAST(:webhook_id AS uuid[])) AND failing_since <= :before AND disabled_reason IS NULL
""")
_AGAIN = text("""
UPDATE webhook_delivery SET status = 'pending', tries = 0, due_at = :now WHERE delivery_id = :delivery_id
RETURNING webhook_id
""")
_ALL_AGAIN = text("""
UPDATE webhook_delivery SET status = 'pending', tries = 0, due_at = :now
  FROM webhook_message AS message
 WHERE webhook_id = :webhook_id AND status IN ('exhausted', 'cancelled') AND asked_at >= :since
   AND message.message_id = webhook_delivery.message_id AND message.type = ANY(CAST(:types AS text[]))
""")


@dataclass(frozen=True, slots=True)
class Post:
    """One delivery in a sender's hand, with all that it needs to post it."""

    delivery_id: UUID
    webhook_id: UUID
    message_id: UUID
    tries: int
    taken_until: datetime
    failing: bool
    url: str
    key_id: str
    generation: int
    previous_key_id: str | None
    previous_until: datetime | None
    body: str
    traceparent: str | None


@dataclass(frozen=True, slots=True)
class Noted:
    """What one attempt came to; `due_at` is when the next one is due, if there is one."""

    delivery_id: UUID
    status: str
    due_at: datetime
    taken_until: datetime
    at: datetime
    status_code: int | None
    reason: str | None
    milliseconds: int


async def add(
    session: AsyncSession, messages: Sequence[Mapping[str, Any]], deliveries: Sequence[Mapping[str, Any]]
) -> None:
    """Adds messages and the deliveries of them that aren't there yet."""
    connection = await session.connection()
    for table, rows in ((webhook_message, messages), (webhook_delivery, deliveries)):
        if rows:
            await connection.execute(insert(table).on_conflict_do_nothing(), list(rows))


async def claim(
    session: AsyncSession, busy: Mapping[UUID, int], *, now: datetime, until: datetime, most: int, room: int
) -> list[Post]:
    """Takes due deliveries until then: `room` at most, and `most` of one subscription with those it has `busy`.

    A subscription that is failing gets one at a time. Of one subject, only the first that waits is taken.
    """
    values = {"busy_id": list(busy), "busy": list(busy.values()), "now": now, "until": until}
    rows = await (await session.connection()).execute(_CLAIM, {**values, "most": most, "room": room})
    return [Post(**row) for row in rows.mappings()]


async def give_back(session: AsyncSession, posts: Sequence[Post]) -> None:
    """Ends the lease of what was taken and not posted."""
    if posts:
        values = {name: [getattr(post, name) for post in posts] for name in ("delivery_id", "taken_until")}
        await (await session.connection()).execute(_GIVE_BACK, values)


async def note(session: AsyncSession, noted: Sequence[Noted]) -> None:
    """Writes attempts down. A success is always true; a failure counts only while the delivery is still ours."""
    fields = Noted.__dataclass_fields__
    await (await session.connection()).execute(_NOTE, {name: [getattr(one, name) for one in noted] for name in fields})


async def judge(session: AsyncSession, *, well: Sequence[UUID], ill: Sequence[UUID], now: datetime) -> None:
    """Keeps since when each subscription's endpoint has taken nothing."""
    connection = await session.connection()
    if well:
        await connection.execute(_WELL, {"webhook_id": list(well)})
    if ill:
        await connection.execute(_ILL, {"webhook_id": list(ill), "now": now})


async def failing(session: AsyncSession, webhook_ids: Sequence[UUID], before: datetime) -> list[UUID]:
    """Returns those of the subscriptions that have been failing since `before`."""
    values = {"webhook_id": list(webhook_ids), "before": before}
    return list((await (await session.connection()).execute(_FAILING, values)).scalars())


async def again(session: AsyncSession, delivery_id: UUID, now: datetime) -> None:
    """Asks for the delivery anew, whatever became of it; one that is being posted right now is waited for."""
    await (await session.connection()).execute(_AGAIN, {"delivery_id": delivery_id, "now": now})


async def all_again(
    session: AsyncSession, webhook_id: UUID, since: datetime, now: datetime, *, types: Collection[str]
) -> int:
    """Asks anew for what of these types was asked for since then and given up; returns how many deliveries that are."""
    values = {"webhook_id": webhook_id, "since": since, "now": now, "types": sorted(types)}
    return (await (await session.connection()).execute(_ALL_AGAIN, values)).rowcount
