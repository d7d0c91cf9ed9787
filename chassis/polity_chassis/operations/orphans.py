"""The operators' routes for orphans: published facts that a restored database does not know."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Annotated, Any, NamedTuple
from uuid import UUID

from fastapi import APIRouter, Request, Response
from opentelemetry.instrumentation.utils import suppress_instrumentation
from pydantic import BaseModel, ConfigDict, StringConstraints
from sqlalchemy import Row, select, text, update
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_chassis.authorization.access import OPERATOR, OPERATOR_EVEN_STALE, access
from polity_chassis.database.engine import Database
from polity_chassis.database.tables import orphan
from polity_chassis.messaging.publishing.cause import current_cause
from polity_chassis.messaging.publishing.restore_check import Aggregates
from polity_chassis.runtime import Runtime
from polity_chassis.web.pagination import Page, PageDep, PageRequest, cut, keyset, link_next

WATCH_SECONDS = 1.0

_COLUMNS = orphan.c
_ORDER = (_COLUMNS.topic, _COLUMNS.partition, _COLUMNS.offset)
_RAISE = """
UPDATE {table} SET fact_sequence = published.sequence
  FROM (SELECT CAST(key AS uuid) AS id, max(sequence) AS sequence FROM orphan
         WHERE topic = :topic AND settled_at IS NULL GROUP BY key) AS published
 WHERE {table}.id = published.id AND {table}.fact_sequence < published.sequence
"""
_CHECKED = text("UPDATE restore_check SET written_as = restore_mark(pg_current_xact_id()::xid)")

log = logging.getLogger(__name__)


class Orphan(NamedTuple):
    """A published fact that the database does not know; a person's without the value."""

    topic: str
    key: UUID
    sequence: int
    type: str
    value: bytes | None


Settle = Callable[[AsyncSession, Sequence[Orphan], datetime], Awaitable[None]]
"""Makes a service's rows agree again with what was published, in the given transaction, in which each aggregate's
`fact_sequence` is that of its last published fact. The orphans are in the order of their topics."""


class OrphanOut(BaseModel):
    """A fact that was published after the backup; `data` is what it said, null of a person's and where it says none."""

    model_config = ConfigDict(from_attributes=True)

    topic: str
    partition: int
    offset: int
    key: UUID
    sequence: int
    type: str
    message_id: UUID
    occurred_at: datetime
    found_at: datetime
    data: dict[str, Any] | None


class SettlementIn(BaseModel):
    """Why the service may go on: what was done about the facts that are listed."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=1000)]


class Settled(BaseModel):
    """How many orphans were settled."""

    settled: int


async def waiting(session: AsyncSession, page: PageRequest) -> Sequence[Row[Any]]:
    """Returns the orphans that are not settled, by topic and offset, one more than the page holds."""
    statement = keyset(select(orphan).where(_COLUMNS.settled_at.is_(None)), list(_ORDER), page)
    return (await (await session.connection()).execute(statement)).all()


async def settle(database: Database, aggregates: Aggregates, way: Settle, *, by: str, reason: str, at: datetime) -> int:
    """Settles the orphans and returns how many: from now on no published number is given again."""
    async with database.transaction() as session:
        connection = await session.connection()
        locked = select(orphan).where(_COLUMNS.settled_at.is_(None)).order_by(*_ORDER).with_for_update()
        rows = (await connection.execute(locked)).all()
        if not rows:
            return 0
        for topic, tables in aggregates.items():
            for table in tables:
                await connection.execute(text(_RAISE.format(table=table)), {"topic": topic})
        await connection.execute(_CHECKED)
        order = list(aggregates)
        orphans = [Orphan(row.topic, UUID(row.key), row.sequence, row.type, row.value) for row in rows]
        await way(session, sorted(orphans, key=lambda each: order.index(each.topic)), at)
        settled = update(orphan).where(_COLUMNS.settled_at.is_(None))
        await connection.execute(settled.values(settled_at=at, settled_by=by, reason=reason))
        return len(rows)


async def watch_orphans(runtime: Runtime) -> None:
    """Sets `runtime.withheld` by whether orphans wait to be settled, once a second until cancelled."""
    found = select(_COLUMNS.topic).where(_COLUMNS.settled_at.is_(None)).limit(1)
    while True:
        try:
            # A trace each second would hide all others.
            with suppress_instrumentation():
                async with runtime.database.engine.connect() as connection:
                    runtime.withheld = (await connection.execute(found)).first() is not None
        except Exception as error:
            log.warning("whether orphans wait could not be read: %s", type(error).__name__)
        await asyncio.sleep(WATCH_SECONDS)


def orphans_router(service: str, aggregates: Mapping[str, Sequence[str]], way: Settle) -> APIRouter:
    """Returns the routes under /v1/operations/<service>/orphans."""
    router = APIRouter(prefix=f"/v1/operations/{service}/orphans", tags=["operations"])

    @router.get("", **access(OPERATOR))
    async def list_orphans(request: Request, response: Response, page: PageDep) -> Page[OrphanOut]:
        """Lists the facts that were published after the backup from which this service's database was restored.

        While there are any, the service answers nothing else.
        """
        runtime: Runtime = request.app.state.runtime
        async with runtime.database.transaction() as session:
            rows = await waiting(session, page)
        kept, cursor = cut(rows, page, lambda row: (row.topic, row.partition, row.offset))
        link_next(request, response, cursor)
        return Page(items=[_shown(row) for row in kept], next=cursor)

    @router.post("/settlement", **access(OPERATOR_EVEN_STALE))
    async def settle_orphans(request: Request, body: SettlementIn) -> Settled:
        """Settles every orphan, for a reason that is kept; the service goes on above all published numbers."""
        runtime: Runtime = request.app.state.runtime
        by = current_cause().acting.actor or ""
        settled = await settle(runtime.database, aggregates, way, by=by, reason=body.reason, at=runtime.clock())
        runtime.withheld = False
        return Settled(settled=settled)

    return router


def _shown(row: Row[Any]) -> OrphanOut:
    said = None
    with suppress(ValueError):
        # A stranger may have written anything under an owner's key.
        said = json.loads(row.value or b"null")
    return OrphanOut.model_validate({**row._mapping, "data": said if isinstance(said, dict) else None})
