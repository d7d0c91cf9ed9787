"""Reads a campaign's progress: rows of different keys are joined here, never when written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, RowMapping, TextClause, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel.ext.asyncio.session import AsyncSession

UNKNOWN = "unknown"
"""Stands for the region and country of a local government whose registration hasn't arrived yet."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Local governments: `invited` were ever asked; the other three part them by their furthest answer."""

    invited: int = 0
    interested: int = 0
    committed: int = 0
    unanswered: int = 0


@dataclass(frozen=True, slots=True)
class Group:
    """The counts of one region, country or first theme, whose code is the key."""

    key: str
    counts: Counts


@dataclass(frozen=True, slots=True)
class Day:
    """What happened on one day of the campaign's zone; a local government counts on each day it did something."""

    day: date
    invited: int
    interested: int
    committed: int


@dataclass(frozen=True, slots=True)
class Milestone:
    threshold: int
    due: str | None
    occasion: dict[str, str]
    reached_at: datetime | None
    ordinal: int | None


@dataclass(frozen=True, slots=True)
class Campaign:
    campaign_id: UUID
    version: int
    title: dict[str, str]
    fallback_language: str
    time_zone: str
    themes: dict[str, dict[str, str]]
    milestones: list[dict[str, Any]]
    demonstration: bool


@dataclass(frozen=True, slots=True)
class Progress:
    totals: Counts
    milestones: list[Milestone]
    regions: list[Group]
    countries: list[Group]
    first_themes: list[Group]
    days: list[Day]


async def one_moment(session: AsyncSession) -> AsyncConnection:
    """Returns the transaction's connection, on which every read sees the same moment; has to come first."""
    connection = await session.connection()
    await connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
    return connection


async def campaign(connection: AsyncConnection, campaign_id: UUID) -> Campaign | None:
    """Returns the campaign, None while nothing says that it was opened."""
    found = await connection.execute(_CAMPAIGN, {"campaign_id": campaign_id})
    row = found.mappings().one_or_none()
    return Campaign(**row) if row else None


async def progress(connection: AsyncConnection, of: Campaign, as_of: datetime | None) -> Progress:
    """Returns what the facts up to `as_of` say; None means all of them."""
    known = {"campaign_id": of.campaign_id, "as_of": as_of}
    counted = (await connection.execute(_COUNTS, {**known, "unknown": UNKNOWN})).mappings().all()
    days = await connection.execute(_DAYS, {**known, "time_zone": of.time_zone})
    return Progress(
        totals=next((_counts(row) for row in counted if row["grouped"] == "totals"), Counts()),
        milestones=await _milestones(connection, of, known),
        regions=_groups(counted, "region"),
        countries=_groups(counted, "country"),
        first_themes=_groups(counted, "first_theme"),
        days=[Day(**row) for row in days.mappings()],
    )


async def _milestones(connection: AsyncConnection, of: Campaign, known: Mapping[str, object]) -> list[Milestone]:
    reached = {row.threshold: row for row in await connection.execute(_MILESTONES, known)}
    wished = {int(wish["threshold"]): wish for wish in of.milestones}
    return [
        Milestone(
            threshold=threshold,
            due=wished.get(threshold, {}).get("due"),
            occasion=wished.get(threshold, {}).get("occasion", {}),
            reached_at=reached[threshold].reached_at if threshold in reached else None,
            ordinal=reached[threshold].ordinal if threshold in reached else None,
        )
        for threshold in sorted(wished.keys() | reached.keys())
    ]


def _groups(counted: Sequence[RowMapping], grouped: str) -> list[Group]:
    return [Group(row["key"], _counts(row)) for row in counted if row["grouped"] == grouped and row["key"] is not None]


def _counts(row: RowMapping) -> Counts:
    return Counts(row["invited"], row["interested"], row["committed"], row["unanswered"])


def _reading_as_of(sql: str) -> TextClause:
    return text(sql).bindparams(bindparam("as_of", type_=DateTime(timezone=True)))


_CAMPAIGN = text(
    """
    SELECT campaign_id, version, title, fallback_language, time_zone, themes, milestones, demonstration
    FROM campaign WHERE campaign_id = :campaign_id AND title IS NOT NULL
    """
)

_COUNTS = _reading_as_of(
    """
    WITH known AS (
        SELECT
            coalesce(region, :unknown) AS region,
            coalesce(country, :unknown) AS country,
            coalesce(invited_at <= moment, false) AS invited,
            coalesce(interested_at <= moment, false) AS interested,
            coalesce(committed_at <= moment, false) AS committed,
            CASE WHEN committed_at <= moment THEN first_theme END AS first_theme
        FROM answer
        CROSS JOIN (SELECT coalesce(:as_of, 'infinity'::timestamptz)) AS asked (moment)
        LEFT JOIN local_government USING (local_government_id)
        WHERE campaign_id = :campaign_id
    )
    SELECT
        (ARRAY['region', 'country', 'first_theme', 'totals'])[
            CASE grouping(region, country, first_theme) WHEN 3 THEN 1 WHEN 5 THEN 2 WHEN 6 THEN 3 ELSE 4 END
        ] AS grouped,
        coalesce(region, country, first_theme) AS key,
        count(*) FILTER (WHERE invited) AS invited,
        count(*) FILTER (WHERE interested AND NOT committed) AS interested,
        count(*) FILTER (WHERE committed) AS committed,
        count(*) FILTER (WHERE invited AND NOT interested AND NOT committed) AS unanswered
    FROM known
    WHERE invited OR interested OR committed
    GROUP BY GROUPING SETS ((), (region), (country), (first_theme))
    ORDER BY key
    """
)

_DAYS = _reading_as_of(
    """
    SELECT
        (instant AT TIME ZONE :time_zone)::date AS day,
        count(*) FILTER (WHERE step = 'invited') AS invited,
        count(*) FILTER (WHERE step = 'interested') AS interested,
        count(*) FILTER (WHERE step = 'committed') AS committed
    FROM answer
    CROSS JOIN LATERAL (
        VALUES ('invited', invited_at), ('interested', interested_at), ('committed', committed_at)
    ) AS steps (step, instant)
    WHERE campaign_id = :campaign_id AND instant <= coalesce(:as_of, 'infinity'::timestamptz)
    GROUP BY day ORDER BY day
    """
)

_MILESTONES = _reading_as_of(
    """
    SELECT threshold, ordinal, reached_at FROM milestone
    WHERE campaign_id = :campaign_id AND reached_at <= coalesce(:as_of, 'infinity'::timestamptz)
    """
)
