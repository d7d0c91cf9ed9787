"""The register of local governments, listed."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from polity_chassis.authorization.access import access
from polity_chassis.web.dependencies import DatabaseDep
from polity_chassis.web.pagination import Page, PageDep, cut, link_next
from polity_chassis.web.problems import FieldError, Problem
from pydantic import BaseModel

from polity_membership.api.access_rules import OF_NETWORK
from polity_membership.local_governments.queries import RegisterFilter, list_local_governments

router = APIRouter(prefix="/v1/networks/{network_id}", tags=["register"])


class LocalGovernmentOut(BaseModel):
    """`invitation_id` and `status` are those of the campaign asked for: None while not invited.

    `contact_language` (BCP 47) is that of the messages to its contact; neither name nor address is shown.
    """

    local_government_id: UUID
    name: str
    country: str
    subdivision: str | None
    region: str
    latitude: float
    longitude: float
    population: int | None
    time_zone: str
    invitation_id: UUID | None
    status: str | None
    contact_id: UUID | None
    contact_language: str | None


@router.get("/local-governments", **access(OF_NETWORK))
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
    status: Annotated[
        str | None, Query(max_length=20, description="none, invited, interested, declined, committed…")
    ] = None,
) -> Page[LocalGovernmentOut]:
    """Lists the network's register by name."""
    if status and not campaign_id:
        raise Problem("invalid_request", "invalid", errors=[FieldError("campaign_id", "missing")])
    wanted = RegisterFilter(network_id, region, country, q, campaign_id, status)
    async with database.transaction() as session:
        found = await list_local_governments(session, wanted, page)
    rows, cursor = cut(found, page, lambda row: (row["plain_name"], row["id"]))
    link_next(request, response, cursor)
    return Page(items=[LocalGovernmentOut(local_government_id=row["id"], **row) for row in rows], next=cursor)
