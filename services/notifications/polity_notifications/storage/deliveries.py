"""Deliveries as facts make them, and as addresses and erasures change them."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_notifications.domain.deliveries import Asked

_ADD = text("""
INSERT INTO delivery (delivery_id, kind, campaign_id, person_id, local_government_id, invitation_id, ordinal,
                      threshold, expires_at, traceparent, sequence, status, due_at, asked_at, queued_at)
SELECT asked.delivery_id, asked.kind, asked.campaign_id, asked.person_id, asked.local_government_id,
       asked.invitation_id, asked.ordinal, asked.threshold, least(asked.deadline, now() + CAST(:waiting AS interval)),
       asked.traceparent, asked.sequence,
       CASE WHEN person.erased_at IS NOT NULL THEN 'cancelled_erased'
            WHEN person.email IS NULL THEN 'waiting_address'
            ELSE 'queued' END,
       now(), now(), CASE WHEN person.erased_at IS NULL AND person.email IS NOT NULL THEN now() END
  FROM unnest(CAST(:delivery_id AS uuid[]), CAST(:kind AS text[]), CAST(:campaign_id AS uuid[]),
              CAST(:person_id AS uuid[]), CAST(:local_government_id AS uuid[]), CAST(:invitation_id AS uuid[]),
              CAST(:ordinal AS int[]), CAST(:threshold AS int[]), CAST(:deadline AS timestamptz[]),
              CAST(:traceparent AS text[]), CAST(:sequence AS bigint[]))
       AS asked (delivery_id, kind, campaign_id, person_id, local_government_id, invitation_id, ordinal, threshold,
                 deadline, traceparent, sequence)
  JOIN person USING (person_id)
 ORDER BY delivery_id
    ON CONFLICT (delivery_id) DO NOTHING
""")
_QUEUE = text("""
UPDATE delivery SET status = 'queued', due_at = now(), queued_at = now()
  FROM (SELECT delivery_id FROM delivery JOIN person USING (person_id)
         WHERE person_id = ANY (CAST(:person_id AS uuid[])) AND person.email IS NOT NULL
           AND delivery.status = 'waiting_address'
         ORDER BY delivery_id FOR NO KEY UPDATE OF delivery) AS waiting
 WHERE delivery.delivery_id = waiting.delivery_id
""")
_CANCEL = text("""
UPDATE delivery SET status = 'cancelled_erased', queued_at = NULL
  FROM (SELECT delivery_id FROM delivery
         WHERE person_id = ANY (CAST(:person_id AS uuid[]))
           AND status IN ('waiting_address', 'queued', 'cancelled_revoked', 'cancelled_answered')
         ORDER BY delivery_id FOR NO KEY UPDATE) AS unsent
 WHERE delivery.delivery_id = unsent.delivery_id
""")


async def add(session: AsyncSession, asked: Sequence[Asked], waiting: timedelta) -> None:
    """Adds what isn't there yet, to be sent within `waiting`; the rows of the people are locked already."""
    columns = {
        "delivery_id": [one.delivery_id for one in asked],
        "kind": [one.kind.value for one in asked],
        "campaign_id": [one.campaign_id for one in asked],
        "person_id": [one.person_id for one in asked],
        "local_government_id": [one.local_government_id for one in asked],
        "invitation_id": [one.invitation_id for one in asked],
        "ordinal": [one.ordinal for one in asked],
        "threshold": [one.threshold for one in asked],
        "deadline": [one.deadline for one in asked],
        "traceparent": [one.traceparent for one in asked],
        "sequence": [one.sequence for one in asked],
    }
    await (await session.connection()).execute(_ADD, {**columns, "waiting": waiting})


async def queue_waiting(session: AsyncSession, person_ids: Sequence[UUID]) -> None:
    """Queues what waited for the addresses of these people."""
    await (await session.connection()).execute(_QUEUE, {"person_id": list(person_ids)})


async def cancel(session: AsyncSession, person_ids: Sequence[UUID]) -> None:
    """Ends what was not sent to these people, who were erased; also what was cancelled for another reason."""
    await (await session.connection()).execute(_CANCEL, {"person_id": list(person_ids)})
