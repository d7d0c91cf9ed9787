"""Subscriptions of partner systems."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from polity_chassis.web.pagination import PageRequest, keyset
from sqlalchemy import delete, func, insert, select, text, update
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_notifications.storage.tables import webhook, webhook_delivery

_CANCEL = text("""
UPDATE webhook_delivery SET status = 'cancelled' WHERE webhook_id = :webhook_id AND status = 'pending'
""")
_FORGET_ATTEMPTS = text("""
DELETE FROM webhook_attempt USING webhook_delivery
 WHERE webhook_delivery.webhook_id = :webhook_id AND webhook_attempt.delivery_id = webhook_delivery.delivery_id
""")


@dataclass(frozen=True, slots=True)
class Webhook:
    webhook_id: UUID
    owner: str
    url: str
    description: str
    fact_types: list[str] | None
    networks: list[UUID] | None
    key_id: str
    generation: int
    previous_key_id: str | None
    earlier_secrets: list[dict[str, Any]]
    previous_until: datetime | None
    created_at: datetime
    disabled_reason: str | None
    disabled_at: datetime | None
    failing_since: datetime | None
    held_until: datetime | None
    paused_at: datetime | None


MOST_EARLIER = 8
"""Each signs each post: a header has room for these."""
_SOUND: dict[str, Any] = {"failing_since": None, "failing_for": timedelta(), "failed_at": None}
_COLUMNS = [webhook.c[name] for name in Webhook.__dataclass_fields__]


async def add(session: AsyncSession, values: dict[str, Any]) -> None:
    """Adds a subscription, enabled from now on."""
    made = {**values, "created_at": func.now(), "enabled_at": func.now()}
    await (await session.connection()).execute(insert(webhook).values(made))


async def owned(session: AsyncSession, owner: str) -> int:
    """Returns how many subscriptions the owner has; two requests of one owner wait for each other."""
    connection = await session.connection()
    await connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:owner, 2))"), {"owner": owner})
    count = select(func.count()).select_from(webhook).where(webhook.c.owner == owner)
    return int((await connection.execute(count)).scalar_one())


async def owner_of(session: AsyncSession, webhook_id: UUID) -> str | None:
    """Returns the subject that made the subscription, None where there is none."""
    statement = select(webhook.c.owner).where(webhook.c.webhook_id == webhook_id)
    found: str | None = (await (await session.connection()).execute(statement)).scalar_one_or_none()
    return found


async def owner_of_delivery(session: AsyncSession, delivery_id: UUID) -> str | None:
    """Returns the subject to whose subscription the delivery belongs, None where there is none."""
    statement = select(webhook.c.owner).join(
        webhook_delivery, webhook_delivery.c.webhook_id == webhook.c.webhook_id
    ).where(webhook_delivery.c.delivery_id == delivery_id)  # fmt: skip
    found: str | None = (await (await session.connection()).execute(statement)).scalar_one_or_none()
    return found


async def listed(session: AsyncSession, owner: str | None, page: PageRequest) -> list[Webhook]:
    """Returns the subscriptions of the page and one more, the oldest first; `owner` None: of everybody."""
    statement = select(*_COLUMNS)
    if owner is not None:
        statement = statement.where(webhook.c.owner == owner)
    rows = await (await session.connection()).execute(keyset(statement, (webhook.c.webhook_id,), page))
    return [Webhook(**row) for row in rows.mappings()]


async def one(session: AsyncSession, webhook_id: UUID, *, lock: bool = False) -> Webhook | None:
    """Returns the subscription, locked for a change if asked for; None where there is none."""
    statement = select(*_COLUMNS).where(webhook.c.webhook_id == webhook_id)
    rows = await (await session.connection()).execute(statement.with_for_update() if lock else statement)
    found = rows.mappings().one_or_none()
    return Webhook(**found) if found else None


async def rotate(session: AsyncSession, before: Webhook, key_id: str, overlap: timedelta) -> None:
    """Gives the locked subscription its next secret; the one before signs as well for that long.

    Those before that sign on until their own time is over, the newest MOST_EARLIER of them.
    """
    earlier = list(before.earlier_secrets)
    if before.previous_until:
        until = before.previous_until.isoformat()
        earlier.insert(0, {"key_id": before.previous_key_id, "generation": before.generation - 1, "until": until})
    changed = {
        "earlier_secrets": earlier[:MOST_EARLIER],
        "key_id": key_id,
        "generation": before.generation + 1,
        "previous_key_id": before.key_id,
        "previous_until": func.now() + overlap,
    }
    statement = update(webhook).where(webhook.c.webhook_id == before.webhook_id).values(changed)
    await (await session.connection()).execute(statement)


async def enable(session: AsyncSession, webhook_id: UUID) -> None:
    """Makes the subscription get what happens from now on."""
    values = {"disabled_reason": None, "disabled_at": None, "enabled_at": func.now(), "held_until": None, **_SOUND}
    disabled = webhook.c.disabled_reason.is_not(None)
    statement = update(webhook).where(webhook.c.webhook_id == webhook_id, disabled).values(values)
    await (await session.connection()).execute(statement)


async def pause(session: AsyncSession, webhook_id: UUID, *, paused: bool) -> None:
    """Makes the subscription's deliveries wait from now on, or no longer; that its endpoint failed is forgotten."""
    values = {"paused_at": func.now() if paused else None, **_SOUND}
    statement = update(webhook).where(webhook.c.webhook_id == webhook_id).values(values)
    await (await session.connection()).execute(statement)


async def disable(session: AsyncSession, webhook_id: UUID, reason: str) -> None:
    """Ends the subscription's deliveries that wait, and makes no new ones."""
    connection = await session.connection()
    values = {"disabled_reason": reason, "disabled_at": func.now()}
    await connection.execute(update(webhook).where(webhook.c.webhook_id == webhook_id).values(values))
    await connection.execute(_CANCEL, {"webhook_id": webhook_id})


async def remove(session: AsyncSession, webhook_id: UUID) -> None:
    """Removes the locked subscription with its log."""
    connection = await session.connection()
    await connection.execute(_FORGET_ATTEMPTS, {"webhook_id": webhook_id})
    for table in (webhook_delivery, webhook):
        await connection.execute(delete(table).where(table.c.webhook_id == webhook_id))
