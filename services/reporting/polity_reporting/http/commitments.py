"""Who has pledged, for anyone: as pages with a search, and whole as CSV and GeoJSON."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from polity_chassis.authorization.access import PUBLIC, access
from polity_chassis.web.dependencies import RuntimeDep
from polity_chassis.web.pagination import Page, PageDep, cut, link_next
from pydantic import BaseModel, StringConstraints

from polity_reporting.http import open_data
from polity_reporting.http.progress import CSV, CsvResponse
from polity_reporting.http.reading import AsOfDep, KnownTags, attachment, reading
from polity_reporting.storage import commitments as stored

router = APIRouter(prefix="/v1/progress/{campaign_id}", tags=["progress"])

Sought = Annotated[
    Annotated[str, StringConstraints(strip_whitespace=True, max_length=200, pattern="^[^\0]*$")] | None,
    Query(description="A part of the name; accents and case don't matter."),
]
Country = Annotated[str | None, Query(pattern="^[A-Z]{2}$", description="ISO 3166-1 alpha-2.")]
Region = Annotated[str | None, Query(pattern="^[0-9]{3}$", description="UN M49 sub-region.")]
Order = Annotated[stored.Order, Query(description="`newest` first, or by `name`.")]


async def commitments_wanted(
    campaign_id: UUID,
    *,
    as_of: AsOfDep,
    q: Sought = None,
    country: Country = None,
    region: Region = None,
    order: Order = "newest",
) -> stored.Commitments:
    """Returns which commitments the address asks for."""
    return stored.Commitments(campaign_id, as_of, q, country, region, order)


WantedDep = Annotated[stored.Commitments, Depends(commitments_wanted)]


class CommitmentOut(BaseModel):
    """A pledge that was made. Without a position: the local government's register names none that is known here."""

    local_government_id: UUID
    name: str
    country: str
    region: str
    latitude: float | None
    longitude: float | None
    ordinal: int
    committed_at: datetime
    themes: list[str]
    """Theme codes, the first ranked first."""


class CommitmentPage(Page[CommitmentOut]):
    """`found` is how many there are on all pages."""

    found: int


class GeoJsonResponse(Response):
    media_type = "application/geo+json"


GEOJSON: dict[str, Any] = {
    "description": "A FeatureCollection of points (RFC 7946); a place without a known position has a null geometry.",
    "content": {"application/geo+json": {"schema": open_data.SCHEMA}},
}


@router.get("/commitments", operation_id="get_pledges", response_model=CommitmentPage, **access(PUBLIC))
async def commitments(
    *,
    request: Request,
    response: Response,
    runtime: RuntimeDep,
    page: PageDep,
    wanted: WantedDep,
    if_none_match: KnownTags = None,
) -> CommitmentPage | Response:
    """Lists the local governments that have pledged. Who was asked and has not pledged is nobody else's business."""
    async with reading(runtime, wanted.campaign_id, wanted.as_of, "commitments", if_none_match) as read:
        if read.known:
            return Response(status_code=304, headers=read.headers)
        rows = await stored.page_of(read.connection, wanted, page)
        found = await stored.count(read.connection, wanted)
    rows, cursor = cut(rows, page, lambda row: (row["key"], row["local_government_id"]))
    response.headers.update(read.headers)
    link_next(request, response, cursor)
    return CommitmentPage(items=[CommitmentOut.model_validate(dict(row)) for row in rows], next=cursor, found=found)


@router.get(
    "/commitments.csv",
    operation_id="get_pledges_csv",
    response_class=CsvResponse,
    responses={200: CSV},
    **access(PUBLIC),
)
async def commitments_table(
    campaign_id: UUID, runtime: RuntimeDep, as_of: AsOfDep, if_none_match: KnownTags = None
) -> Response:
    """Returns the whole list as CSV, UTF-8 with the mark that spreadsheets know it by."""
    return await _whole(campaign_id, runtime, as_of, if_none_match, "csv")


@router.get(
    "/commitments.geojson",
    operation_id="get_pledges_geojson",
    response_class=GeoJsonResponse,
    responses={200: GEOJSON},
    **access(PUBLIC),
)
async def commitments_on_a_map(
    campaign_id: UUID, runtime: RuntimeDep, as_of: AsOfDep, if_none_match: KnownTags = None
) -> Response:
    """Returns the whole list as a FeatureCollection of points (RFC 7946)."""
    return await _whole(campaign_id, runtime, as_of, if_none_match, "geojson")


async def _whole(
    campaign_id: UUID, runtime: RuntimeDep, as_of: datetime | None, known: str | None, extension: str
) -> Response:
    async with reading(runtime, campaign_id, as_of, f"commitments-{extension}", known) as read:
        if read.known:
            return Response(status_code=304, headers=read.headers)
        rows = await stored.every(read.connection, stored.Commitments(campaign_id, as_of))
    headers = {**read.headers, "Content-Disposition": attachment(read.campaign, "commitments", extension)}
    if extension == "csv":
        return CsvResponse(open_data.table(read.campaign, rows), headers=headers)
    return GeoJsonResponse(open_data.feature_collection(read.campaign, rows), headers=headers)
