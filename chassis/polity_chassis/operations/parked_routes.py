"""The operators' routes for parked messages."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, StringConstraints
from sqlalchemy import Row, select
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_chassis.authorization.access import OPERATOR, OPERATOR_EVEN_STALE, access
from polity_chassis.database.tables import parked_message
from polity_chassis.messaging.consuming import parked_messages
from polity_chassis.messaging.consuming.records import Consumer
from polity_chassis.messaging.consuming.redrive import discard_message, redrive_message
from polity_chassis.messaging.publishing.cause import current_cause
from polity_chassis.runtime import Runtime
from polity_chassis.web.pagination import Page, PageDep, PageRequest, cut, keyset, link_next
from polity_chassis.web.problems import not_found


class ParkedMessage(BaseModel):
    """A fact that could not be applied, or that waits behind one. Its data is not shown."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    consumer: str
    topic: str
    partition: int
    offset: int
    key: str | None
    sequence: int | None
    type: str | None
    reason: str
    detail: str
    parked_at: datetime
    attempts: int


class Applied(BaseModel):
    """How many facts were applied."""

    applied: int


class Discard(BaseModel):
    """Why the message is given up."""

    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=1000)]


def parked_router(consumers: Sequence[Consumer]) -> APIRouter:
    """Returns the routes under /v1/operations/<service>/parked; consumers are named after their service."""
    service = consumers[0].name.partition("-")[0]
    by_name = {consumer.name: consumer for consumer in consumers}
    router = APIRouter(prefix=f"/v1/operations/{service}/parked", tags=["operations"])

    async def consumer_of(runtime: Runtime, identity: UUID) -> Consumer:
        async with runtime.database.transaction() as session:
            name = await parked_messages.consumer_of(session, identity)
        if name not in by_name:
            raise not_found()
        return by_name[name]

    @router.get("", **access(OPERATOR))
    async def list_parked(request: Request, response: Response, page: PageDep) -> Page[ParkedMessage]:
        """Lists what waits, oldest first."""
        runtime: Runtime = request.app.state.runtime
        async with runtime.database.transaction() as session:
            rows = await _page(session, by_name, page)
        kept, cursor = cut(rows, page, lambda row: (row.id,))
        link_next(request, response, cursor)
        return Page(items=[ParkedMessage.model_validate(row) for row in kept], next=cursor)

    @router.post("/{parked_id}/redrive", **access(OPERATOR_EVEN_STALE))
    async def redrive(request: Request, parked_id: UUID) -> Applied:
        """Tries the message again, then all that waits behind it in the order of its key."""
        runtime: Runtime = request.app.state.runtime
        consumer = await consumer_of(runtime, parked_id)
        bootstrap = runtime.settings.kafka_bootstrap
        applied = await redrive_message(runtime.database, bootstrap, consumer, parked_id)
        if applied is None:
            raise not_found()
        return Applied(applied=applied)

    @router.post("/{parked_id}/discard", **access(OPERATOR_EVEN_STALE))
    async def discard(request: Request, parked_id: UUID, body: Discard) -> Applied:
        """Gives the message up, for a reason that is kept, and lets go on what waited behind it."""
        runtime: Runtime = request.app.state.runtime
        consumer = await consumer_of(runtime, parked_id)
        by = current_cause().acting.actor or ""
        applied = await discard_message(
            runtime.database, consumer, parked_id, by=by, reason=body.reason, at=runtime.clock()
        )
        if applied is None:
            raise not_found()
        return Applied(applied=applied)

    return router


async def _page(session: AsyncSession, consumers: Iterable[str], wanted: PageRequest) -> Sequence[Row[Any]]:
    """Returns what waits, oldest first (UUIDv7), without the data, with one row more than wanted to look ahead."""
    row = parked_message.c
    columns = [column for column in row if column.name not in {"raw_key", "value", "headers"}]
    statement = select(*columns).where(row.consumer.in_(list(consumers)), row.discarded_at.is_(None))
    return (await (await session.connection()).execute(keyset(statement, [row.id], wanted))).all()
