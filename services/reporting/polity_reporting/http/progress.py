"""Public reads of a campaign's progress, as JSON and CSV, with an ETag that costs one row to check."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response
from polity_chassis.authorization.access import PUBLIC, access
from polity_chassis.web.dependencies import NowDep, RuntimeDep

from polity_reporting.http import shapes
from polity_reporting.http.reading import AsOfDep, KnownTags, attachment, reading
from polity_reporting.http.table import table
from polity_reporting.storage import progress as stored

router = APIRouter(tags=["progress"])


class CsvResponse(Response):
    media_type = "text/csv"


CSV: dict[str, Any] = {
    "description": "A table (RFC 4180, UTF-8).",
    "content": {"text/csv": {"schema": {"type": "string"}}},
}


@router.get(
    "/v1/progress/{campaign_id}.csv",
    operation_id="get_progress_csv",
    response_class=CsvResponse,
    responses={200: CSV},
    **access(PUBLIC),
)
async def progress_table(
    campaign_id: UUID, runtime: RuntimeDep, as_of: AsOfDep, if_none_match: KnownTags = None
) -> Response:
    """Returns the progress as a tidy CSV table; "demonstration data" stands in its lines and its file name."""
    async with reading(runtime, campaign_id, as_of, "csv", if_none_match, totals=True) as read:
        if read.known:
            return Response(status_code=304, headers=read.headers)
        text = table(read.campaign, await stored.progress(read.connection, read.campaign, as_of), told=read.told)
    return CsvResponse(
        text, headers={**read.headers, "Content-Disposition": attachment(read.campaign, "progress", "csv")}
    )


@router.get(
    "/v1/progress/{campaign_id}", operation_id="get_progress", response_model=shapes.ProgressShape, **access(PUBLIC)
)
async def progress(
    campaign_id: UUID, runtime: RuntimeDep, now: NowDep, as_of: AsOfDep, if_none_match: KnownTags = None
) -> Response:
    """Returns totals, the pledges by region, country, first theme and day, and the milestones."""
    async with reading(runtime, campaign_id, as_of, "json", if_none_match, totals=True) as read:
        if read.known:
            return Response(status_code=304, headers=read.headers)
        found = await stored.progress(read.connection, read.campaign, as_of)
    shape = _shape(read.campaign, found, as_of or now, told=read.told)
    return Response(shape.model_dump_json(), media_type="application/json", headers=read.headers)


def _shape(
    campaign: stored.Campaign, progress: stored.Progress, as_of: datetime, *, told: bool
) -> shapes.ProgressShape:
    return shapes.ProgressShape(
        campaign_id=campaign.campaign_id,
        title=campaign.title,
        fallback_language=campaign.fallback_language,
        time_zone=campaign.time_zone,
        demonstration=campaign.demonstration,
        as_of=as_of.astimezone(UTC),
        totals=_totals(progress.totals, told=told),
        milestones=[shapes.Milestone.model_validate(milestone) for milestone in progress.milestones],
        by_region=[shapes.Region(region=key, committed=count) for key, count in stored.pledged(progress.regions)],
        by_country=[shapes.Country(country=key, committed=count) for key, count in stored.pledged(progress.countries)],
        by_first_theme=[
            shapes.FirstTheme(theme=key, label=campaign.themes.get(key, {}), committed=count)
            for key, count in stored.pledged(progress.first_themes)
        ],
        by_day=[shapes.Day(day=day.day, committed=day.standing) for day in progress.days if day.standing],
    )


def _totals(counts: stored.Counts, *, told: bool) -> shapes.PublicTotals:
    if told:
        return shapes.PublicTotals.model_validate(counts)
    return shapes.PublicTotals(committed=counts.committed, withdrawn=counts.withdrawn)
