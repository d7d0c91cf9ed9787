"""Public facts become deliveries, one for each subscription that wants them, made by the database itself."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_notifications.domain.webhooks import KEPT

_LOCK = text("""
SELECT count(*)
  FROM (SELECT FROM webhook WHERE disabled_reason IS NULL ORDER BY webhook_id FOR SHARE) AS enabled
""")
_KEEP = text("""
INSERT INTO webhook_message (message_id, type, subject, sequence, networks, body, traceparent, occurred_at, recorded_at)
SELECT message_id, type, subject, sequence, CAST(string_to_array(networks, ',') AS uuid[]), body, traceparent,
       occurred_at, now()
  FROM unnest(CAST(:message_id AS uuid[]), CAST(:type AS text[]), CAST(:subject AS text[]),
              CAST(:sequence AS bigint[]), CAST(:networks AS text[]), CAST(:body AS text[]),
              CAST(:traceparent AS text[]), CAST(:occurred_at AS timestamptz[]))
       AS fact (message_id, type, subject, sequence, networks, body, traceparent, occurred_at)
    ON CONFLICT (message_id) DO NOTHING
""")
_WANTED = """
(webhook.fact_types IS NULL OR fact.type = ANY (webhook.fact_types))
AND (webhook.networks IS NULL OR webhook.networks && fact.networks)
"""
_FAN_OUT = text(f"""
INSERT INTO webhook_delivery (delivery_id, webhook_id, message_id, subject, sequence, status, due_at, asked_at)
SELECT uuidv7(), webhook.webhook_id, fact.message_id, fact.subject, fact.sequence, 'pending', now(), now()
  FROM webhook_message AS fact CROSS JOIN webhook
 WHERE fact.message_id = ANY (CAST(:message_id AS uuid[])) AND webhook.disabled_reason IS NULL
   AND fact.occurred_at >= webhook.enabled_at - CAST(:margin AS interval) AND {_WANTED}
    ON CONFLICT (message_id, webhook_id) DO NOTHING
""")  # noqa: S608  no part of it is asked for
_MISSED = text(f"""
INSERT INTO webhook_delivery (delivery_id, webhook_id, message_id, subject, sequence, status, due_at, asked_at)
SELECT uuidv7(), webhook.webhook_id, fact.message_id, fact.subject, fact.sequence, 'pending', now(), now()
  FROM webhook_message AS fact CROSS JOIN webhook
 WHERE webhook.webhook_id = :webhook_id AND fact.type = ANY (CAST(:types AS text[]))
   AND fact.recorded_at >= greatest(CAST(:since AS timestamptz), webhook.created_at, now() - CAST(:kept AS interval))
   AND {_WANTED}
   AND NOT EXISTS (SELECT FROM webhook_delivery AS had
                    WHERE had.message_id = fact.message_id AND had.webhook_id = webhook.webhook_id)
 ORDER BY fact.recorded_at, fact.message_id LIMIT :most
    ON CONFLICT (message_id, webhook_id) DO NOTHING
""")  # noqa: S608  no part of it is asked for
_TEST = text("""
WITH told AS (
  INSERT INTO webhook_message (message_id, type, body, recorded_at) VALUES (:message_id, :type, :body, now()))
INSERT INTO webhook_delivery (delivery_id, webhook_id, message_id, subject, sequence, status, due_at, asked_at)
VALUES (uuidv7(), CAST(:webhook_id AS uuid), :message_id, CAST(:webhook_id AS text), 0, 'pending', now(), now())
RETURNING delivery_id
""")


async def lock_enabled(session: AsyncSession) -> None:
    """Keeps every enabled subscription as it is until the transaction ends; in one order everywhere."""
    await (await session.connection()).execute(_LOCK)


async def keep(session: AsyncSession, messages: Sequence[Mapping[str, Any]]) -> None:
    """Keeps the messages that aren't there yet; `networks` are ids with commas between."""
    names = ("message_id", "type", "subject", "sequence", "networks", "body", "traceparent", "occurred_at")
    columns = {name: [message[name] for message in messages] for name in names}
    await (await session.connection()).execute(_KEEP, columns)


async def fan_out(session: AsyncSession, message_ids: Sequence[UUID], margin: timedelta) -> None:
    """Asks for one delivery of each message for each enabled subscription that wants it, where there is none yet.

    A subscription wants what happened since it was enabled, or up to `margin` before.
    """
    values = {"message_id": list(message_ids), "margin": margin}
    await (await session.connection()).execute(_FAN_OUT, values)


async def ask_for_missed(
    session: AsyncSession, webhook_id: UUID, types: Collection[str], since: datetime, most: int
) -> int:
    """Asks for up to `most` kept messages of these types that the subscription wants and that were never asked for.

    They are those that came here since then and since it was made, the earliest first. Returns how many.
    """
    values = {"webhook_id": webhook_id, "types": sorted(types), "since": since, "kept": KEPT, "most": most}
    return (await (await session.connection()).execute(_MISSED, values)).rowcount


async def ask_for_test(session: AsyncSession, webhook_id: UUID, message_id: UUID, type_: str, body: str) -> UUID:
    """Asks for the delivery of a message that is for one subscription alone; returns the delivery's id."""
    values = {"webhook_id": str(webhook_id), "message_id": message_id, "type": type_, "body": body}
    found: UUID = (await (await session.connection()).execute(_TEST, values)).scalar_one()
    return found
