"""The register of local governments: importing and listing it."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse
from polity_chassis.access import access
from polity_chassis.headers import language_of
from polity_chassis.http import DatabaseDep, IdempotencyDep, NowDep, PageDep
from polity_chassis.pages import Page, cut, link_next
from polity_chassis.problems import FieldError, Problem
from polity_chassis.titles import title_of
from pydantic import BaseModel

from polity_membership.domain.register import MAX_BYTES, Fault, ImportRefused, Reading
from polity_membership.http.repeating import once_by
from polity_membership.http.scopes import OF_NETWORK
from polity_membership.storage.reads import PlacesWanted, list_local_governments
from polity_membership.usecases import check_register, import_local_governments

router = APIRouter(prefix="/v1/networks/{network_id}", tags=["register"])


class FaultOut(BaseModel):
    """`line` counts the file's lines from 1; `message` is in the language of Accept-Language."""

    line: int
    field: str | None
    reason: str
    message: str
    value: str | None


class Report(BaseModel):
    dry_run: bool
    rows: int
    accepted: int
    faults: list[FaultOut]
    imported: int


class LocalGovernmentOut(BaseModel):
    """`status` is that of the campaign asked for: None while not invited."""

    local_government_id: UUID
    name: str
    country: str
    subdivision: str | None
    region: str
    latitude: float
    longitude: float
    population: int | None
    time_zone: str
    status: str | None
    contact_id: UUID | None


async def csv_body(request: Request) -> bytes:
    """Returns the body, of which no more than one byte above the limit is ever held."""
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > MAX_BYTES:
            del data[MAX_BYTES + 1 :]
            break
    # Idempotency-Key covers the body too, and a stream can be read only once.
    request._body = bytes(data)
    return request._body


CSV = {"requestBody": {"required": True, "content": {"text/csv": {"schema": {"type": "string"}}}}}
_GUARD = access(OF_NETWORK)


@router.post(
    "/local-government-imports",
    **{**_GUARD, "openapi_extra": {**_GUARD["openapi_extra"], **CSV}},
    response_model=Report,
)
async def post_import(
    *,
    network_id: UUID,
    request: Request,
    data: Annotated[bytes, Depends(csv_body)],
    database: DatabaseDep,
    now: NowDep,
    key: IdempotencyDep,
    dry_run: bool = False,
) -> Report | JSONResponse:
    """Imports a CSV file: all of it, or nothing and a list of what is wrong with it. A dry run only looks."""
    language = language_of(request.headers.get("accept-language"))
    if dry_run:
        return _report(await check_register(database, network_id, data), language)
    try:
        ids = await import_local_governments(database, network_id, data, now, once_by(key, 200))
    except ImportRefused as refused:
        return _refusal(refused, language)
    return Report(dry_run=False, rows=ids["rows"], accepted=ids["imported"], faults=[], imported=ids["imported"])


@router.get("/local-governments", **_GUARD)
async def get_local_governments(
    *,
    network_id: UUID,
    request: Request,
    response: Response,
    database: DatabaseDep,
    page: PageDep,
    region: Annotated[str | None, Query(max_length=3, description="UN M49 region, three digits.")] = None,
    country: Annotated[str | None, Query(max_length=2, description="ISO 3166-1 alpha-2.")] = None,
    q: Annotated[str | None, Query(max_length=100, description="Part of the name.")] = None,
    campaign_id: Annotated[UUID | None, Query(description="Whose invitations `status` speaks of.")] = None,
    status: Annotated[str | None, Query(max_length=20, description="none, invited, interested, committed…")] = None,
) -> Page[LocalGovernmentOut]:
    """Lists the network's register by name."""
    if status and not campaign_id:
        raise Problem("invalid_request", "invalid", errors=[FieldError("campaign_id", "missing")])
    wanted = PlacesWanted(network_id, region, country, q, campaign_id, status)
    async with database.transaction() as session:
        found = await list_local_governments(session, wanted, page)
    rows, cursor = cut(found, page, lambda row: (row["name"], row["id"]))
    link_next(request, response, cursor)
    return Page(items=[LocalGovernmentOut(local_government_id=row["id"], **row) for row in rows], next=cursor)


def _report(reading: Reading, language: str) -> Report:
    return Report(
        dry_run=True,
        rows=reading.rows,
        accepted=len(reading.entries),
        faults=[_fault(fault, language) for fault in reading.faults],
        imported=0,
    )


def _fault(fault: Fault, language: str) -> FaultOut:
    message = title_of(fault.reason, "invalid", language)
    return FaultOut(line=fault.line, field=fault.field, reason=fault.reason, message=message, value=fault.value)


def _refusal(refused: ImportRefused, language: str) -> JSONResponse:
    reading = refused.reading
    body = {
        "type": f"urn:polity:problem:{refused.slug}",
        "title": title_of(refused.slug, "invalid", language),
        "status": 422,
        **_report(reading, language).model_dump(mode="json"),
        "dry_run": False,
    }
    return JSONResponse(body, 422, {"Content-Language": language}, "application/problem+json")
