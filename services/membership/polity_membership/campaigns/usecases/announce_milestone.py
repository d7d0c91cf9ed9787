"""AnnounceMilestone: the secretariat makes a milestone public that was reached."""

from datetime import datetime
from uuid import UUID

from polity_chassis.database.engine import Database
from polity_chassis.messaging.publishing.outbox import add_facts

from polity_membership.campaigns.domain import Campaign
from polity_membership.campaigns.queries import announced_at, note_announcement
from polity_membership.database.aggregates import lock, save


async def announce_milestone(database: Database, campaign_id: UUID, threshold: int, now: datetime) -> None:
    """Announces the milestone. Repeating it changes nothing. Raises NotFound or MilestoneNotReached."""
    async with database.transaction() as session:
        campaign = await lock(session, Campaign, campaign_id)
        announced = campaign.announce(threshold, await announced_at(session, campaign_id, threshold), now)
        if announced:
            await add_facts(session, campaign, [announced], occurred_at=now)
            await note_announcement(session, announced)
            await save(session, campaign)
