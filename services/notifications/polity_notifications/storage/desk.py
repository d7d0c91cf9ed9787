"""Deliveries as a secretariat looks at them: what became of each, nothing of whom it is for."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from polity_chassis.web.pagination import PageRequest, keyset
from sqlalchemy import func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_notifications.storage.tables import campaign, delivery, delivery_attempt


@dataclass(frozen=True, slots=True)
class Shown:
    delivery_id: UUID
    kind: str
    campaign_id: UUID
    local_government_id: UUID | None
    status: str
    attempts: int
    failure: str | None
    sent_at: datetime | None
    traceparent: str | None
    asked_at: datetime
    queued_at: datetime | None
    due_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Attempt:
    number: int
    at: datetime
    failure: str | None


_COLUMNS = [delivery.c[name] for name in Shown.__dataclass_fields__]
_ATTEMPT = [delivery_attempt.c[name] for name in Attempt.__dataclass_fields__]


async def network_of(session: AsyncSession, campaign_id: UUID) -> UUID | None:
    """Returns the network of the campaign, None while the campaign isn't known here."""
    statement = select(campaign.c.network_id).where(campaign.c.campaign_id == campaign_id)
    found: UUID | None = (await (await session.connection()).execute(statement)).scalar_one_or_none()
    return found


async def deliveries(
    session: AsyncSession, campaign_id: UUID, status: str | None, local_government_id: UUID | None, page: PageRequest
) -> list[Shown]:
    """Returns the campaign's deliveries of the page and one more, the earliest asked for first."""
    statement = select(*_COLUMNS).where(delivery.c.campaign_id == campaign_id)
    if status is not None:
        statement = statement.where(delivery.c.status == status)
    if local_government_id is not None:
        statement = statement.where(delivery.c.local_government_id == local_government_id)
    statement = keyset(statement, (delivery.c.asked_at, delivery.c.delivery_id), page)
    rows = await (await session.connection()).execute(statement)
    return [Shown(**row) for row in rows.mappings()]


async def counts(session: AsyncSession, campaign_id: UUID) -> dict[str, int]:
    """Returns how many of the campaign's deliveries are in each status; one that none is in is left out."""
    statement = select(delivery.c.status, func.count()).where(delivery.c.campaign_id == campaign_id)
    rows = await (await session.connection()).execute(statement.group_by(delivery.c.status))
    return {str(row[0]): int(row[1]) for row in rows}


async def network_of_delivery(session: AsyncSession, delivery_id: UUID) -> UUID | None:
    """Returns the network of the delivery's campaign, None where there is none."""
    statement = select(campaign.c.network_id).join(delivery, delivery.c.campaign_id == campaign.c.campaign_id)
    rows = await (await session.connection()).execute(statement.where(delivery.c.delivery_id == delivery_id))
    found: UUID | None = rows.scalar_one_or_none()
    return found


async def history(session: AsyncSession, delivery_id: UUID) -> tuple[Shown, list[Attempt]]:
    """Returns the delivery, which must be there, and its attempts in their order."""
    connection = await session.connection()
    row = (await connection.execute(select(*_COLUMNS).where(delivery.c.delivery_id == delivery_id))).mappings().one()
    tried = select(*_ATTEMPT).where(delivery_attempt.c.delivery_id == delivery_id).order_by(delivery_attempt.c.number)
    attempts = (await connection.execute(tried)).mappings()
    return Shown(**row), [Attempt(**attempt) for attempt in attempts]
