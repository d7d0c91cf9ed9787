"""Networks and their members."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from polity_chassis.authorization.access import OPERATOR, PUBLIC, access
from polity_chassis.web.dependencies import DatabaseDep, NowDep
from polity_chassis.web.idempotency import IdempotencyDep
from polity_chassis.web.pagination import Page, PageDep, cut, link_next
from polity_contracts.membership.values import Text
from pydantic import BaseModel, StringConstraints
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_membership.api.access_rules import OF_NETWORK
from polity_membership.api.fields import Body, Email, Language, Lines, TimeZone
from polity_membership.database.aggregates import columns, load
from polity_membership.local_governments.errors import LocalGovernmentUnknown
from polity_membership.networks.domain import MEMBER, Network
from polity_membership.networks.errors import AlreadyMember, FallbackMissing
from polity_membership.networks.queries import MemberFilter, list_members, list_networks, members_of
from polity_membership.networks.usecases.add_network_member import AddNetworkMember, add_network_member
from polity_membership.networks.usecases.found_network import FoundNetwork, found_network

router = APIRouter(prefix="/v1/networks", tags=["networks"])
_SHOWN = ("name", "fallback_language", "time_zone", "demonstration", "contact_email")


class NetworkIn(Body):
    """`contact_email` is an office's address for whoever wants to join: everyone sees it."""

    name: Lines
    fallback_language: Language
    time_zone: TimeZone
    demonstration: bool = False
    contact_email: Email | None = None


class NetworkId(BaseModel):
    network_id: UUID


Office = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]{0,39}$")]


class MemberIn(Body):
    local_government_id: UUID
    office: Office = MEMBER


class MemberId(NetworkId):
    local_government_id: UUID


class MemberOut(BaseModel):
    local_government_id: UUID
    name: str
    country: str
    office: str


class NetworkOut(NetworkId):
    name: Text
    fallback_language: str
    time_zone: str
    demonstration: bool
    contact_email: str | None
    members: list[MemberOut]


@router.post("", status_code=201, **access(OPERATOR, FallbackMissing))
async def post_network(body: NetworkIn, database: DatabaseDep, now: NowDep, key: IdempotencyDep) -> NetworkId:
    """Founds a network."""
    command = FoundNetwork(body.name, body.fallback_language, body.time_zone, body.demonstration, body.contact_email)
    return NetworkId(**await found_network(database, command, now, key))


@router.get("", **access(PUBLIC))
async def get_networks(request: Request, response: Response, database: DatabaseDep, page: PageDep) -> Page[NetworkOut]:
    """Lists the networks with their members."""
    async with database.transaction() as session:
        rows, cursor = cut(await list_networks(session, page), page, lambda row: (row["id"],))
        items = await _shown(session, rows)
    link_next(request, response, cursor)
    return Page(items=items, next=cursor)


@router.get("/{network_id}", **access(PUBLIC))
async def get_network(network_id: UUID, database: DatabaseDep) -> NetworkOut:
    """Shows one network with its members."""
    async with database.transaction() as session:
        network = await load(session, Network, network_id)
        return (await _shown(session, [columns(network)]))[0]


@router.get("/{network_id}/members", **access(PUBLIC))
async def get_members(
    *,
    network_id: UUID,
    request: Request,
    response: Response,
    database: DatabaseDep,
    page: PageDep,
    office: Annotated[Office | None, Query(description="co_president, member …")] = None,
    country: Annotated[str | None, Query(pattern="^[A-Z]{2}$", description="ISO 3166-1 alpha-2.")] = None,
    q: Annotated[str | None, Query(max_length=100, description="Part of the name.")] = None,
) -> Page[MemberOut]:
    """Lists the network's members, those with an office first, then by name."""
    wanted = MemberFilter(network_id, office, country, q)
    async with database.transaction() as session:
        await load(session, Network, network_id)
        found = await list_members(session, wanted, page)
    rows, cursor = cut(found, page, lambda row: (row["rank"], row["plain_name"], row["local_government_id"]))
    link_next(request, response, cursor)
    return Page(items=[MemberOut(**row) for row in rows], next=cursor)


@router.post("/{network_id}/members", status_code=201, **access(OF_NETWORK, LocalGovernmentUnknown, AlreadyMember))
async def post_member(
    network_id: UUID, body: MemberIn, database: DatabaseDep, now: NowDep, key: IdempotencyDep
) -> MemberId:
    """Adds a local government of the register to the network's members."""
    command = AddNetworkMember(network_id, body.local_government_id, body.office)
    return MemberId(**await add_network_member(database, command, now, key))


async def _shown(session: AsyncSession, rows: Sequence[Mapping[Any, Any]]) -> list[NetworkOut]:
    members = await members_of(session, [row["id"] for row in rows])
    return [
        NetworkOut(
            network_id=row["id"],
            members=[MemberOut(**member) for member in members if member["network_id"] == row["id"]],
            **{name: row[name] for name in _SHOWN},
        )
        for row in rows
    ]
