"""What mails are about: networks, local governments, campaigns. Each write takes a set of any size."""

import json
from collections.abc import Sequence

from polity_contracts.membership.campaigns import CampaignOpened
from polity_contracts.membership.local_governments import LocalGovernmentRegistered
from polity_contracts.membership.networks import NetworkFounded
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_notifications.storage.invitations import last_of_each

_NETWORKS = text("""
INSERT INTO network (network_id, name, fallback_language, time_zone, demonstration)
SELECT * FROM unnest(CAST(:network_id AS uuid[]), CAST(:name AS jsonb[]), CAST(:fallback_language AS text[]),
                     CAST(:time_zone AS text[]), CAST(:demonstration AS boolean[]))
    ON CONFLICT (network_id) DO UPDATE
   SET name = excluded.name, fallback_language = excluded.fallback_language, time_zone = excluded.time_zone,
       demonstration = excluded.demonstration
""")
_LOCAL_GOVERNMENTS = text("""
INSERT INTO local_government (local_government_id, name, time_zone)
SELECT * FROM unnest(CAST(:local_government_id AS uuid[]), CAST(:name AS text[]), CAST(:time_zone AS text[]))
    ON CONFLICT (local_government_id) DO UPDATE SET name = excluded.name, time_zone = excluded.time_zone
""")
_CAMPAIGNS = text("""
INSERT INTO campaign (campaign_id, network_id, title, objectives, fallback_language, demonstration)
SELECT * FROM unnest(CAST(:campaign_id AS uuid[]), CAST(:network_id AS uuid[]), CAST(:title AS jsonb[]),
                     CAST(:objectives AS jsonb[]), CAST(:fallback_language AS text[]),
                     CAST(:demonstration AS boolean[]))
    ON CONFLICT (campaign_id) DO UPDATE
   SET network_id = excluded.network_id, title = excluded.title, objectives = excluded.objectives,
       fallback_language = excluded.fallback_language, demonstration = excluded.demonstration
""")


async def save_networks(session: AsyncSession, facts: Sequence[NetworkFounded]) -> None:
    """Writes the networks; the last fact of each wins, as in every function here."""
    rows = last_of_each({fact.network_id: fact for fact in facts})
    columns = {
        "network_id": [row.network_id for row in rows],
        "name": [json.dumps(row.name) for row in rows],
        "fallback_language": [row.fallback_language for row in rows],
        "time_zone": [row.time_zone for row in rows],
        "demonstration": [row.demonstration for row in rows],
    }
    await (await session.connection()).execute(_NETWORKS, columns)


async def save_local_governments(session: AsyncSession, facts: Sequence[LocalGovernmentRegistered]) -> None:
    rows = last_of_each({fact.local_government_id: fact for fact in facts})
    columns = {
        "local_government_id": [row.local_government_id for row in rows],
        "name": [row.name for row in rows],
        "time_zone": [row.time_zone for row in rows],
    }
    await (await session.connection()).execute(_LOCAL_GOVERNMENTS, columns)


async def save_campaigns(session: AsyncSession, facts: Sequence[CampaignOpened]) -> None:
    rows = last_of_each({fact.campaign_id: fact for fact in facts})
    columns = {
        "campaign_id": [row.campaign_id for row in rows],
        "network_id": [row.network_id for row in rows],
        "title": [json.dumps(row.title) for row in rows],
        "objectives": [json.dumps(row.objectives) for row in rows],
        "fallback_language": [row.fallback_language for row in rows],
        "demonstration": [row.demonstration for row in rows],
    }
    await (await session.connection()).execute(_CAMPAIGNS, columns)
