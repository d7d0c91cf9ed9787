"""OpenCampaign: a network asks local governments for commitments."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from polity_chassis.database.engine import Database
from polity_chassis.ids import new_id
from polity_chassis.messaging.publishing.outbox import add_facts
from polity_chassis.web.idempotency import Ids, Key, once
from polity_contracts.membership.campaigns import Milestone
from polity_contracts.membership.values import Deadline, Text

from polity_membership.campaigns.domain import Campaign
from polity_membership.database.aggregates import add, load
from polity_membership.networks.domain import Network


@dataclass(frozen=True, slots=True)
class OpenCampaign:
    network_id: UUID
    title: Text
    objectives: Text
    commitment_text: Text
    fallback_language: str
    themes: dict[str, Text]
    milestones: tuple[Milestone, ...]
    reply_by: Deadline
    counts_at_once: bool = True


async def open_campaign(database: Database, command: OpenCampaign, now: datetime, key: Key | None = None) -> Ids:
    """Returns the campaign_id; raises NotFound, DeadlinePassed, FallbackMissing, ThemesMissing or MilestonesInvalid."""
    async with database.transaction() as session:

        async def open_one() -> Ids:
            network = await load(session, Network, command.network_id)
            campaign = Campaign(
                id=new_id(),
                network_id=network.id,
                title=command.title,
                objectives=command.objectives,
                commitment_text=command.commitment_text,
                fallback_language=command.fallback_language,
                themes=command.themes,
                milestones=command.milestones,
                reply_by=command.reply_by,
                demonstration=network.demonstration,
                opened_at=now,
                counts_at_once=command.counts_at_once,
            )
            await add_facts(session, campaign, [campaign.open()], occurred_at=now)
            await add(session, campaign)
            return {"campaign_id": str(campaign.id)}

        return await once(session, key, open_one)
