"""Reads a campaign's progress: rows of different keys are joined here, never when written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import DateTime, Row, RowMapping, TextClause, bindparam, select, text
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_reporting.storage.tables import campaign_network

TOLD_FROM = 10
"""Of so many invited local governments, and more, the public sees totals by their answers."""
UNKNOWN = "unknown"
"""Stands for the region and country of a local government whose registration hasn't arrived yet."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Local governments: `invited` were ever asked; the others part them by what became of their answer.

    `committed` are those whose pledge stands.
    """

    invited: int = 0
    interested: int = 0
    submitted: int = 0
    committed: int = 0
    withdrawn: int = 0
    unanswered: int = 0
    declined: int = 0


@dataclass(frozen=True, slots=True)
class Group:
    """The counts of one region, country or first theme, whose code is the key."""

    key: str
    counts: Counts


@dataclass(frozen=True, slots=True)
class Day:
    """What happened on one day of the campaign's zone; a local government counts on each day it did something.

    `standing` are those of the `committed` whose pledge stands.
    """

    day: date
    invited: int
    interested: int
    committed: int
    withdrawn: int
    standing: int


@dataclass(frozen=True, slots=True)
class Milestone:
    """`missed`: its day was over in the campaign's zone before it was reached."""

    threshold: int
    due: str | None
    occasion: dict[str, str]
    reached_at: datetime | None
    ordinal: int | None
    announced_at: datetime | None
    missed: bool


@dataclass(frozen=True, slots=True)
class Campaign:
    """`today` is the day in the campaign's zone; `told` says that TOLD_FROM local governments were invited."""

    campaign_id: UUID
    version: int
    answers_version: int
    told: bool
    title: dict[str, str]
    fallback_language: str
    time_zone: str
    themes: dict[str, dict[str, str]]
    milestones: list[dict[str, Any]]
    demonstration: bool
    today: date


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


async def campaign(connection: AsyncConnection, campaign_id: UUID, now: datetime) -> Campaign | None:
    """Returns the campaign as it is `now`, None while nothing says that it was opened."""
    found = await connection.execute(_CAMPAIGN, {"campaign_id": campaign_id, "told_from": TOLD_FROM})
    row = found.mappings().one_or_none()
    return Campaign(**row, today=now.astimezone(ZoneInfo(row["time_zone"])).date()) if row else None


async def network_of(session: AsyncSession, campaign_id: UUID) -> UUID | None:
    """Returns the campaign's network, None while it is not known."""
    wanted = select(campaign_network.c.network_id).where(campaign_network.c.campaign_id == campaign_id)
    network_id: UUID | None = (await (await session.connection()).execute(wanted)).scalar_one_or_none()
    return network_id


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


def pledged(groups: Sequence[Group]) -> list[tuple[str, int]]:
    """Returns the keys of the groups in which pledges stand, each with how many: no other key is for everybody."""
    return [(group.key, group.counts.committed) for group in groups if group.counts.committed]


async def _milestones(connection: AsyncConnection, of: Campaign, known: Mapping[str, object]) -> list[Milestone]:
    reached = {
        row.threshold: row for row in await connection.execute(_MILESTONES, {**known, "time_zone": of.time_zone})
    }
    wished = {int(wish["threshold"]): wish for wish in of.milestones}
    as_of = known["as_of"]
    today = as_of.astimezone(ZoneInfo(of.time_zone)).date() if isinstance(as_of, datetime) else of.today
    return [
        _milestone(threshold, wished.get(threshold, {}), reached.get(threshold), today)
        for threshold in sorted(wished.keys() | reached.keys())
    ]


def _milestone(threshold: int, wish: Mapping[str, Any], reached: Row[Any] | None, today: date) -> Milestone:
    due = wish.get("due")
    return Milestone(
        threshold=threshold,
        due=due,
        occasion=wish.get("occasion", {}),
        reached_at=reached.reached_at if reached else None,
        ordinal=reached.ordinal if reached else None,
        announced_at=reached.announced_at if reached else None,
        missed=due is not None and (reached.reached_on if reached else today) > date.fromisoformat(due),
    )


def _groups(counted: Sequence[RowMapping], grouped: str) -> list[Group]:
    return [Group(row["key"], _counts(row)) for row in counted if row["grouped"] == grouped and row["key"] is not None]


def _counts(row: RowMapping) -> Counts:
    return Counts(**{field.name: row[field.name] for field in fields(Counts)})


def _reading_as_of(sql: str) -> TextClause:
    return text(sql).bindparams(bindparam("as_of", type_=DateTime(timezone=True)))


_CAMPAIGN = text(
    """
    SELECT campaign_id, version, answers_version, title, fallback_language, time_zone, themes, milestones,
        demonstration,
        :told_from = (
            SELECT count(*) FROM (
                SELECT FROM answer WHERE answer.campaign_id = :campaign_id AND invited_at IS NOT NULL LIMIT :told_from
            ) AS invited
        ) AS told
    FROM campaign WHERE campaign_id = :campaign_id AND title IS NOT NULL
    """
)

_COUNTS = _reading_as_of(
    """
    WITH asked (moment) AS (SELECT coalesce(:as_of, 'infinity'::timestamptz)),
    sent AS (
        SELECT DISTINCT ON (local_government_id) local_government_id, step
        FROM submission CROSS JOIN asked
        WHERE campaign_id = :campaign_id AND at <= moment
        ORDER BY local_government_id, answer_step DESC NULLS LAST, at DESC
    ),
    dated AS (
        SELECT
            coalesce(region, :unknown) AS region,
            coalesce(country, :unknown) AS country,
            first_theme,
            coalesce(invited_at <= moment, false) AS invited,
            coalesce(interested_at <= moment, false) OR step IS NOT NULL AS interested,
            coalesce(step = 'declined', false) AS declined,
            coalesce(step = 'submitted', false) AS submitted,
            coalesce(committed_at <= moment, false) AS committed,
            coalesce(withdrawn_at <= moment, false) AS withdrawn
        FROM answer
        CROSS JOIN asked
        LEFT JOIN sent USING (local_government_id)
        LEFT JOIN local_government USING (local_government_id)
        WHERE campaign_id = :campaign_id
    ),
    known AS (
        SELECT region, country, invited,
            CASE WHEN withdrawn THEN 'withdrawn' WHEN committed THEN 'committed' WHEN submitted THEN 'submitted'
                WHEN declined THEN 'declined' WHEN interested THEN 'interested'
                WHEN invited THEN 'unanswered' END AS status,
            CASE WHEN committed AND NOT withdrawn THEN first_theme END AS first_theme
        FROM dated
    )
    SELECT
        (ARRAY['region', 'country', 'first_theme', 'totals'])[
            CASE grouping(region, country, first_theme) WHEN 3 THEN 1 WHEN 5 THEN 2 WHEN 6 THEN 3 ELSE 4 END
        ] AS grouped,
        coalesce(region, country, first_theme) AS key,
        count(*) FILTER (WHERE invited) AS invited,
        count(*) FILTER (WHERE status = 'interested') AS interested,
        count(*) FILTER (WHERE status = 'declined') AS declined,
        count(*) FILTER (WHERE status = 'submitted') AS submitted,
        count(*) FILTER (WHERE status = 'committed') AS committed,
        count(*) FILTER (WHERE status = 'withdrawn') AS withdrawn,
        count(*) FILTER (WHERE status = 'unanswered') AS unanswered
    FROM known
    WHERE status IS NOT NULL
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
        count(*) FILTER (WHERE step = 'committed') AS committed,
        count(*) FILTER (WHERE step = 'withdrawn') AS withdrawn,
        count(*) FILTER (
            WHERE step = 'committed' AND coalesce(withdrawn_at > coalesce(:as_of, 'infinity'::timestamptz), true)
        ) AS standing
    FROM answer
    CROSS JOIN LATERAL (
        VALUES ('invited', invited_at), ('interested', interested_at), ('committed', committed_at),
            ('withdrawn', withdrawn_at)
    ) AS steps (step, instant)
    WHERE campaign_id = :campaign_id AND instant <= coalesce(:as_of, 'infinity'::timestamptz)
    GROUP BY day ORDER BY day
    """
)

_MILESTONES = _reading_as_of(
    """
    SELECT threshold, ordinal, reached_at, (reached_at AT TIME ZONE :time_zone)::date AS reached_on,
        CASE WHEN announced_at <= coalesce(:as_of, 'infinity'::timestamptz) THEN announced_at END AS announced_at
    FROM milestone
    WHERE campaign_id = :campaign_id AND reached_at <= coalesce(:as_of, 'infinity'::timestamptz)
    """
)
