"""Public reads of a campaign's progress, as JSON and CSV, with an ETag that costs one row to check."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Query, Response
from polity_chassis.access import PUBLIC, access
from polity_chassis.http import DatabaseDep, NowDep
from polity_chassis.problems import not_found
from pydantic import AwareDatetime, Field
from sqlalchemy.ext.asyncio import AsyncConnection

from polity_reporting.http import shapes
from polity_reporting.http.table import DEMONSTRATION, table
from polity_reporting.storage import progress as stored

router = APIRouter(tags=["progress"])


class CsvResponse(Response):
    media_type = "text/csv"


CACHE_CONTROL = "public, max-age=5"
Moment = Annotated[AwareDatetime, Field(ge=datetime(1900, 1, 1, tzinfo=UTC), lt=datetime(3000, 1, 1, tzinfo=UTC))]
"""Far from where another offset or zone would leave the calendar."""
AsOf = Annotated[Moment | None, Query(description="Only facts whose time is not later; with its UTC offset.")]
KnownTags = Annotated[str | None, Header(alias="If-None-Match")]


@router.get("/v1/progress/{campaign_id}.csv", response_class=CsvResponse, **access(PUBLIC))
async def progress_table(
    campaign_id: UUID, database: DatabaseDep, as_of: AsOf = None, if_none_match: KnownTags = None
) -> Response:
    """Returns the progress as a tidy CSV table; "demonstration data" stands in its lines and its file name."""
    async with database.transaction() as session:
        connection = await stored.one_moment(session)
        campaign = await _campaign(connection, campaign_id)
        headers = _headers(campaign, as_of, "csv")
        if _knows(if_none_match, headers["ETag"]):
            return Response(status_code=304, headers=headers)
        text = table(campaign, await stored.progress(connection, campaign, as_of))
    name = f"progress-{campaign_id}{'-' + DEMONSTRATION.replace(' ', '-') if campaign.demonstration else ''}.csv"
    headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return CsvResponse(text, headers=headers)


@router.get("/v1/progress/{campaign_id}", response_model=shapes.ProgressShape, **access(PUBLIC))
async def progress(
    campaign_id: UUID, database: DatabaseDep, now: NowDep, as_of: AsOf = None, if_none_match: KnownTags = None
) -> Response:
    """Returns totals by status, region, country and first theme, milestones and a series by day."""
    async with database.transaction() as session:
        connection = await stored.one_moment(session)
        campaign = await _campaign(connection, campaign_id)
        headers = _headers(campaign, as_of, "json")
        if _knows(if_none_match, headers["ETag"]):
            return Response(status_code=304, headers=headers)
        found = await stored.progress(connection, campaign, as_of)
    shape = _shape(campaign, found, as_of or now)
    return Response(shape.model_dump_json(), media_type="application/json", headers=headers)


async def _campaign(connection: AsyncConnection, campaign_id: UUID) -> stored.Campaign:
    campaign = await stored.campaign(connection, campaign_id)
    if campaign is None:
        raise not_found()
    return campaign


def _headers(campaign: stored.Campaign, as_of: datetime | None, form: str) -> dict[str, str]:
    moment = f"{as_of.timestamp():.6f}" if as_of else "now"
    return {"ETag": f'W/"{campaign.version}-{moment}-{form}"', "Cache-Control": CACHE_CONTROL}


def _knows(if_none_match: str | None, etag: str) -> bool:
    return if_none_match is not None and etag in {tag.strip() for tag in if_none_match.split(",")}


def _shape(campaign: stored.Campaign, progress: stored.Progress, as_of: datetime) -> shapes.ProgressShape:
    return shapes.ProgressShape(
        campaign_id=campaign.campaign_id,
        title=campaign.title,
        fallback_language=campaign.fallback_language,
        time_zone=campaign.time_zone,
        demonstration=campaign.demonstration,
        as_of=as_of.astimezone(UTC),
        totals=shapes.Totals.model_validate(progress.totals),
        milestones=[shapes.Milestone.model_validate(milestone) for milestone in progress.milestones],
        by_region=[shapes.Region(region=group.key, **_counted(group.counts)) for group in progress.regions],
        by_country=[shapes.Country(country=group.key, **_counted(group.counts)) for group in progress.countries],
        by_first_theme=[
            shapes.FirstTheme(
                theme=group.key, label=campaign.themes.get(group.key, {}), committed=group.counts.committed
            )
            for group in progress.first_themes
        ],
        by_day=[shapes.Day.model_validate(day) for day in progress.days],
    )


def _counted(counts: stored.Counts) -> dict[str, int]:
    return shapes.Totals.model_validate(counts).model_dump()
