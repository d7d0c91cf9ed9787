"""Reads who has pledged in a campaign: names are sorted and found without regard to accents or case."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from polity_chassis.web.pagination import PageRequest, keyset
from sqlalchemy import BigInteger, ColumnElement, RowMapping, Select, Text, cast, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from polity_reporting.storage.tables import answer, local_government

Order = Literal["newest", "name"]
Rows = Sequence[RowMapping]

# The embedded PostgreSQL has no ICU collations; without accents and case the order is that of people's lists.
_PLAIN_NAME: ColumnElement[str] = cast(func.lower(func.unaccent(local_government.c.name)), Text)
_NEWEST: ColumnElement[int] = cast(func.extract("epoch", answer.c.committed_at) * -1_000_000, BigInteger)
_ID = answer.c.local_government_id
_ORDERS: dict[Order, tuple[ColumnElement[Any], ...]] = {"newest": (_NEWEST, _ID), "name": (_PLAIN_NAME, _ID)}


@dataclass(frozen=True, slots=True)
class Commitments:
    """Which commitments are wanted; None lets everything through. `q` is a part of the name."""

    campaign_id: UUID
    as_of: datetime | None = None
    q: str | None = None
    country: str | None = None
    region: str | None = None
    order: Order = "newest"


async def page_of(connection: AsyncConnection, wanted: Commitments, page: PageRequest) -> Rows:
    """Returns one page, one row more if there is one; a row's `key` is its place in the order."""
    order = _ORDERS[wanted.order]
    statement = _filtered(wanted, _select().add_columns(order[0].label("key")))
    return (await connection.execute(keyset(statement, order, page))).mappings().all()


async def every(connection: AsyncConnection, wanted: Commitments) -> Rows:
    """Returns all of them in their order."""
    statement = _filtered(wanted, _select()).order_by(*_ORDERS[wanted.order])
    return (await connection.execute(statement)).mappings().all()


async def count(connection: AsyncConnection, wanted: Commitments) -> int:
    """Returns how many there are on all pages."""
    return int((await connection.execute(_filtered(wanted, select(func.count()).select_from(_JOINED)))).scalar_one())


_JOINED = answer.join(local_government, local_government.c.local_government_id == _ID)


def _select() -> Select[Any]:
    place = local_government.c
    return select(
        _ID, place.name, place.country, place.region, place.latitude, place.longitude,
        answer.c.ordinal, answer.c.committed_at,
        func.coalesce(answer.c.themes, func.jsonb_build_array(answer.c.first_theme)).label("themes"),
    ).select_from(_JOINED)  # fmt: skip


def _filtered(wanted: Commitments, statement: Select[Any]) -> Select[Any]:
    statement = statement.where(answer.c.campaign_id == wanted.campaign_id, answer.c.committed_at.is_not(None))
    if wanted.as_of:
        withdrawn_later = answer.c.withdrawn_at > wanted.as_of
        statement = statement.where(
            answer.c.committed_at <= wanted.as_of, or_(answer.c.withdrawn_at.is_(None), withdrawn_later)
        )
    else:
        statement = statement.where(answer.c.withdrawn_at.is_(None))
    for name in ("country", "region"):
        if value := getattr(wanted, name):
            statement = statement.where(local_government.c[name] == value)
    if wanted.q:
        sought = wanted.q.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        found = func.unaccent(local_government.c.name).ilike(func.concat("%", func.unaccent(sought), "%"))
        statement = statement.where(found)
    return statement
