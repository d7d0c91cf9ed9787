"""Who hears of which milestones: the two are known in any order, and whichever comes second finds the first."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from polity_chassis.messaging.consuming.records import Received
from polity_contracts.membership.campaigns import MilestoneReached
from polity_contracts.membership.mandates import MandateEnded, MandateGranted
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_notifications.domain.deliveries import ReachedMilestone

_LOCK = text("""
INSERT INTO network (network_id) SELECT network_id FROM unnest(CAST(:network_id AS uuid[])) AS wanted (network_id)
    ON CONFLICT (network_id) DO UPDATE SET network_id = excluded.network_id
""")
_MILESTONES = text("""
INSERT INTO milestone (campaign_id, threshold, network_id, ordinal, reached_at, traceparent)
SELECT * FROM unnest(CAST(:campaign_id AS uuid[]), CAST(:threshold AS int[]), CAST(:network_id AS uuid[]),
                     CAST(:ordinal AS int[]), CAST(:reached_at AS timestamptz[]), CAST(:traceparent AS text[]))
    ON CONFLICT DO NOTHING
""")
_GRANTED = text("""
INSERT INTO secretariat (mandate_id, network_id, person_id, granted_at)
SELECT * FROM unnest(CAST(:mandate_id AS uuid[]), CAST(:network_id AS uuid[]), CAST(:person_id AS uuid[]),
                     CAST(:granted_at AS timestamptz[]))
    ON CONFLICT DO NOTHING
""")
_ENDED = text("""
UPDATE secretariat SET ended_at = ended.ended_at
  FROM unnest(CAST(:mandate_id AS uuid[]), CAST(:ended_at AS timestamptz[])) AS ended (mandate_id, ended_at)
 WHERE secretariat.mandate_id = ended.mandate_id
""")
_AUDIENCE = text("""
SELECT DISTINCT milestone.campaign_id, milestone.threshold, milestone.ordinal, milestone.traceparent,
       secretariat.person_id
  FROM milestone JOIN secretariat USING (network_id)
 WHERE network_id = ANY (CAST(:network_id AS uuid[])) AND milestone.reached_at >= :since
   AND secretariat.granted_at <= milestone.reached_at
   AND (secretariat.ended_at IS NULL OR secretariat.ended_at > milestone.reached_at)
""")


async def lock(session: AsyncSession, network_ids: Iterable[UUID]) -> None:
    """Locks the networks' rows until the commit, so that a milestone and a mandate see each other."""
    await (await session.connection()).execute(_LOCK, {"network_id": sorted(set(network_ids))})


async def save_milestones(session: AsyncSession, facts: Sequence[Received[MilestoneReached]]) -> None:
    columns = {
        "campaign_id": [received.fact.campaign_id for received in facts],
        "threshold": [received.fact.threshold for received in facts],
        "network_id": [received.fact.network_id for received in facts],
        "ordinal": [received.fact.ordinal for received in facts],
        "reached_at": [received.fact.reached_at for received in facts],
        "traceparent": [received.traceparent for received in facts],
    }
    await (await session.connection()).execute(_MILESTONES, columns)


async def save_mandates(session: AsyncSession, facts: Sequence[MandateGranted]) -> None:
    """Writes mandates of secretariats; every one of them has a network as its scope."""
    columns = {
        "mandate_id": [fact.mandate_id for fact in facts],
        "network_id": [fact.scope_id for fact in facts],
        "person_id": [fact.person_id for fact in facts],
        "granted_at": [fact.granted_at for fact in facts],
    }
    await (await session.connection()).execute(_GRANTED, columns)


async def end_mandates(session: AsyncSession, facts: Sequence[MandateEnded]) -> None:
    columns = {
        "mandate_id": [fact.mandate_id for fact in facts],
        "ended_at": [fact.ended_at for fact in facts],
    }
    await (await session.connection()).execute(_ENDED, columns)


async def audience(
    session: AsyncSession, network_ids: Iterable[UUID], since: datetime
) -> list[tuple[ReachedMilestone, UUID]]:
    """Returns each milestone of the networks reached at or after `since`, with each person who was then in office."""
    rows = await (await session.connection()).execute(_AUDIENCE, {"network_id": list(network_ids), "since": since})
    return [
        (ReachedMilestone(row.campaign_id, row.threshold, row.ordinal, row.traceparent), row.person_id) for row in rows
    ]
