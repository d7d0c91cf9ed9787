"""Deliveries as a secretariat looks at them: what became of each, nothing of whom it is for."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from polity_chassis.pages import Wanted, keyset
from sqlalchemy import select
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_notifications.storage.tables import campaign, delivery


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


_COLUMNS = [delivery.c[name] for name in Shown.__dataclass_fields__]


async def network_of(session: AsyncSession, campaign_id: UUID) -> UUID | None:
    """Returns the network of the campaign, None while the campaign isn't known here."""
    statement = select(campaign.c.network_id).where(campaign.c.campaign_id == campaign_id)
    found: UUID | None = (await (await session.connection()).execute(statement)).scalar_one_or_none()
    return found


async def deliveries(session: AsyncSession, campaign_id: UUID, status: str | None, page: Wanted) -> list[Shown]:
    """Returns the campaign's deliveries of the page and one more, the earliest asked for first."""
    statement = select(*_COLUMNS).where(delivery.c.campaign_id == campaign_id)
    if status is not None:
        statement = statement.where(delivery.c.status == status)
    statement = keyset(statement, (delivery.c.asked_at, delivery.c.delivery_id), page)
    rows = await (await session.connection()).execute(statement)
    return [Shown(**row) for row in rows.mappings()]
