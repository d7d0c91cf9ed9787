"""Whose campaign it is. A consumer of its own: it began later than the progress, and read the topic from its start."""

from collections.abc import Sequence

from polity_chassis.messaging.consuming.records import Consumer, Received
from polity_contracts import topics
from polity_contracts.membership.campaigns import CampaignOpened
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_reporting.storage import statements


async def opened(session: AsyncSession, facts: Sequence[Received[CampaignOpened]]) -> None:
    """Writes the campaigns' networks, which never change."""
    networks = {received.fact.campaign_id: received.fact.network_id for received in facts}
    await statements.write(
        session,
        statements.NETWORKS,
        {"campaign_ids": list(networks), "network_ids": list(networks.values())},
    )


NETWORKS = Consumer(name="reporting-networks", topics=(topics.CAMPAIGNS.name,), handlers={CampaignOpened: opened})
