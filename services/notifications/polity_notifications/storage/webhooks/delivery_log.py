"""The log of a subscription's deliveries, with every attempt."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from polity_chassis.web.pagination import PageRequest, keyset
from sqlalchemy import func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_notifications.storage.tables import webhook, webhook_attempt, webhook_delivery, webhook_message


@dataclass(frozen=True, slots=True)
class Logged:
    delivery_id: UUID
    message_id: UUID
    type: str
    subject: str
    sequence: int
    status: str
    attempts: int
    due_at: datetime
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class Attempt:
    delivery_id: UUID
    number: int
    at: datetime
    status_code: int | None
    reason: str | None
    milliseconds: int
    held: timedelta | None


_ELSEWHERE = {
    "type": webhook_message.c.type,
    "due_at": func.greatest(webhook_delivery.c.due_at, webhook.c.held_until).label("due_at"),
}
_DELIVERY = [
    _ELSEWHERE[name] if name in _ELSEWHERE else webhook_delivery.c[name] for name in Logged.__dataclass_fields__
]
_LOG = (
    select(*_DELIVERY)
    .join(webhook_message, webhook_message.c.message_id == webhook_delivery.c.message_id)
    .join(webhook, webhook.c.webhook_id == webhook_delivery.c.webhook_id)
)
_ATTEMPT = [webhook_attempt.c[name] for name in Attempt.__dataclass_fields__]


async def deliveries(
    session: AsyncSession, webhook_id: UUID, status: str | None, page: PageRequest, *, newest_first: bool
) -> list[Logged]:
    """Returns the subscription's deliveries of the page and one more, as they were asked for or the newest first."""
    statement = _LOG.where(webhook_delivery.c.webhook_id == webhook_id)
    if status is not None:
        statement = statement.where(webhook_delivery.c.status == status)
    statement = keyset(
        statement, (webhook_delivery.c.asked_at, webhook_delivery.c.delivery_id), page, descending=newest_first
    )
    rows = await (await session.connection()).execute(statement)
    return [Logged(**row) for row in rows.mappings()]


async def one(session: AsyncSession, delivery_id: UUID) -> Logged:
    """Returns the delivery; raises NoResultFound where there is none."""
    found = await (await session.connection()).execute(_LOG.where(webhook_delivery.c.delivery_id == delivery_id))
    return Logged(**found.mappings().one())


async def attempts(session: AsyncSession, delivery_ids: Sequence[UUID]) -> list[Attempt]:
    """Returns all attempts of the deliveries, the first ones first."""
    statement = select(*_ATTEMPT).where(webhook_attempt.c.delivery_id.in_(delivery_ids))
    rows = await (await session.connection()).execute(statement.order_by(webhook_attempt.c.number))
    return [Attempt(**row) for row in rows.mappings()]


async def webhook_and_type_of(session: AsyncSession, delivery_id: UUID) -> tuple[UUID, str] | None:
    """Returns the subscription of the delivery and the type of what it posts, None where there is none."""
    statement = select(webhook_delivery.c.webhook_id, webhook_message.c.type).join(
        webhook_message, webhook_message.c.message_id == webhook_delivery.c.message_id
    ).where(webhook_delivery.c.delivery_id == delivery_id)  # fmt: skip
    row = (await (await session.connection()).execute(statement)).one_or_none()
    return (row.webhook_id, row.type) if row else None
