"""Campaigns and the milestones that they reached."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from polity_chassis.web.pagination import PageRequest, keyset
from polity_contracts.membership.campaigns import MilestoneAnnounced, MilestoneReached
from sqlalchemy import insert, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_membership.campaigns.tables import campaigns, milestones
from polity_membership.database.rows import Rows, fetch_rows


async def list_campaigns(session: AsyncSession, network_id: UUID | None, page: PageRequest) -> Rows:
    """Returns one page of campaigns, the oldest first, one row more if there is one."""
    statement = select(campaigns)
    if network_id:
        statement = statement.where(campaigns.c.network_id == network_id)
    return await fetch_rows(session, keyset(statement, [campaigns.c.id], page))


async def milestones_of(session: AsyncSession, campaign_ids: Sequence[UUID]) -> Rows:
    """Returns the milestones that the campaigns reached."""
    return await fetch_rows(session, select(milestones).where(milestones.c.campaign_id.in_(campaign_ids)))


async def announced_at(session: AsyncSession, campaign_id: UUID, threshold: int) -> datetime | None:
    """Returns when the milestone was announced, or None if it wasn't announced or reached."""
    connection = await session.connection()
    found = await connection.execute(
        select(milestones.c.announced_at).where(
            milestones.c.campaign_id == campaign_id, milestones.c.threshold == threshold
        )
    )
    at: datetime | None = found.scalar_one_or_none()
    return at


async def note_announcement(session: AsyncSession, announced: MilestoneAnnounced) -> None:
    """Sets when a reached milestone was announced."""
    connection = await session.connection()
    await connection.execute(
        update(milestones)
        .where(milestones.c.campaign_id == announced.campaign_id, milestones.c.threshold == announced.threshold)
        .values(announced_at=announced.announced_at)
    )


async def add_milestones(session: AsyncSession, reached: Sequence[MilestoneReached]) -> None:
    """Inserts the milestones. The primary key refuses a threshold that a campaign has reached before."""
    if reached:
        columns_of_row = ("campaign_id", "threshold", "ordinal", "commitment_id", "reached_at")
        values = [{name: getattr(each, name) for name in columns_of_row} for each in reached]
        await (await session.connection()).execute(insert(milestones), values)
