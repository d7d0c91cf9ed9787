"""What every use case that counts commitments does with a milestone it reached."""

from datetime import datetime

from polity_chassis.messaging.publishing.outbox import add_facts
from polity_contracts.membership.campaigns import MilestoneReached
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_membership.campaigns.domain import Campaign
from polity_membership.invitations.queries import add_milestones


async def note_milestone(session: AsyncSession, campaign: Campaign, reached: MilestoneReached, now: datetime) -> None:
    """Notes the milestone for good, after the commitment's row, and adds its fact; the campaign is saved later."""
    await add_milestones(session, [reached])
    await add_facts(session, campaign, [reached], occurred_at=now)
