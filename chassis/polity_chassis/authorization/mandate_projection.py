"""The service's projection of membership's mandates: who may act in which role, and for whom."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from polity_contracts.membership.mandates import MandateEnded, MandateGranted, MandateLinked
from polity_contracts.topics import MANDATES
from sqlalchemy import Uuid, column, select, update, values
from sqlalchemy.dialects.postgresql import insert
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_chassis.database.tables import authority
from polity_chassis.messaging.consuming.positions import stood_at_end
from polity_chassis.messaging.consuming.records import Consumer, Received
from polity_chassis.web.problems import Problem

STALE_AFTER = timedelta(seconds=60)


async def holds(session: AsyncSession, subject: str, role: str, scope_id: UUID | None) -> UUID | None:
    """Returns the person who holds the role in the scope by that sign-in; a scope of None is the whole platform."""
    statement = select(authority.c.person_id).where(
        authority.c.subject == subject,
        authority.c.role == role,
        authority.c.scope_id.is_not_distinct_from(scope_id),
        authority.c.ended_at.is_(None),
    )
    found = await (await session.connection()).execute(statement.order_by(authority.c.mandate_id).limit(1))
    person_id: UUID | None = found.scalar_one_or_none()
    return person_id


def mandate_consumer(service_name: str) -> Consumer:
    """Returns the consumer that keeps the projection; it halts rather than parks, so that it never skips an ending."""
    return Consumer(
        name=consumer_name(service_name),
        topics=(MANDATES.name,),
        handlers={MandateGranted: on_granted, MandateLinked: on_linked, MandateEnded: on_ended},
        authority=True,
    )


def consumer_name(service_name: str) -> str:
    """Returns the name under which the projection's consumer keeps its positions."""
    return f"{service_name}-authority"


def check_fresh(service_name: str) -> Callable[[AsyncSession], Awaitable[None]]:
    """Returns the check that refuses writes (503) 60 seconds after the projection had last caught up."""

    async def check(session: AsyncSession) -> None:
        if not await stood_at_end(session, consumer_name(service_name), within=STALE_AFTER):
            raise Problem("authority_stale", "unavailable", headers={"Retry-After": "10"})

    return check


async def on_granted(session: AsyncSession, facts: Sequence[Received[MandateGranted]]) -> None:
    rows = {
        received.fact.mandate_id: received.fact.model_dump(
            include={"mandate_id", "person_id", "role", "scope_id", "language"}
        )
        for received in facts
    }
    statement = insert(authority).values(list(rows.values()))
    changed = {name: statement.excluded[name] for name in ("person_id", "role", "scope_id", "language")}
    await (await session.connection()).execute(
        statement.on_conflict_do_update(index_elements=["mandate_id"], set_=changed)
    )


async def on_linked(session: AsyncSession, facts: Sequence[Received[MandateLinked]]) -> None:
    await _set(session, "subject", {received.fact.mandate_id: received.fact.subject for received in facts})


async def on_ended(session: AsyncSession, facts: Sequence[Received[MandateEnded]]) -> None:
    ends = {received.fact.mandate_id: received.fact.ended_at for received in facts}
    # Whose sign-in it was is nobody's business any more.
    await _set(session, "ended_at", ends, subject=None)


async def _set(session: AsyncSession, name: str, new: Mapping[UUID, Any], **others: Any) -> None:
    """Sets columns of many mandates in one statement; a mandate's granting comes before, by its key's order."""
    given = values(column("id", Uuid), column("new", authority.c[name].type), name="given").data(list(new.items()))
    statement = update(authority).where(authority.c.mandate_id == given.c.id).values({name: given.c.new, **others})
    await (await session.connection()).execute(statement)
