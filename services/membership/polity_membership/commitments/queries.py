"""Lists that a secretariat looks things up in: mandates, members, commitments. Read without locks, page by page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from polity_chassis.web.pagination import PageRequest, keyset
from sqlalchemy import ColumnElement, Select, case, literal, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_membership.commitments.domain import RETURNED
from polity_membership.database.metadata import table
from polity_membership.invitations.domain import COMMITTED, SUBMITTED, WITHDRAWN
from polity_membership.local_governments.queries import PLAIN_NAME, name_has
from polity_membership.networks.domain import MEMBER

Rows = Sequence[Mapping[Any, Any]]
people, places, members = table("person"), table("local_government"), table("network_member")
mandates, commitments = table("mandate"), table("commitment")

_mandate_status: ColumnElement[str] = case(
    (mandates.c.ended_at.is_not(None), "ended"), (mandates.c.linked_at.is_not(None), "active"), else_="waiting"
)
_commitment_status: ColumnElement[str] = case(
    (commitments.c.withdrawn_at.is_not(None), WITHDRAWN),
    (commitments.c.ordinal.is_not(None), COMMITTED),
    (commitments.c.returned_at.is_not(None), RETURNED),
    else_=SUBMITTED,
)
_RANK: ColumnElement[int] = case((members.c.office == MEMBER, literal(1)), else_=literal(0))
MEMBER_ORDER = (_RANK, PLAIN_NAME, places.c.id)


@dataclass(frozen=True, slots=True)
class MandatesWanted:
    """Filters of a network's mandates and of those for its local governments; None lets everything through."""

    network_id: UUID
    role: str | None = None
    status: str | None = None
    local_government_id: UUID | None = None


async def list_mandates(session: AsyncSession, wanted: MandatesWanted, page: PageRequest) -> Rows:
    """Returns one page of mandates, the newest first, with who holds each; one row more if there is one."""
    statement = (
        select(
            mandates,
            _mandate_status.label("status"),
            people.c.name.label("person_name"),
            places.c.name.label("local_government_name"),
        )
        .join(people, people.c.id == mandates.c.person_id)
        .outerjoin(places, places.c.id == mandates.c.scope_id)
        .where(or_(mandates.c.scope_id == wanted.network_id, places.c.network_id == wanted.network_id))
    )
    if wanted.role:
        statement = statement.where(mandates.c.role == wanted.role)
    if wanted.status:
        statement = statement.where(_mandate_status == wanted.status)
    if wanted.local_government_id:
        statement = statement.where(mandates.c.scope_id == wanted.local_government_id)
    return await _page(session, keyset(statement, [mandates.c.id], page, descending=True))


@dataclass(frozen=True, slots=True)
class MembersWanted:
    """Filters of a network's members; None lets everything through. `q` is a part of the name."""

    network_id: UUID
    office: str | None = None
    country: str | None = None
    q: str | None = None


async def list_members(session: AsyncSession, wanted: MembersWanted, page: PageRequest) -> Rows:
    """Returns one page of members, those with an office first, then by name; one row more if there is one."""
    statement = (
        select(members, places.c.name, places.c.country, _RANK.label("rank"), PLAIN_NAME.label("plain_name"))
        .join(places, places.c.id == members.c.local_government_id)
        .where(members.c.network_id == wanted.network_id)
    )
    if wanted.office:
        statement = statement.where(members.c.office == wanted.office)
    if wanted.country:
        statement = statement.where(places.c.country == wanted.country)
    if wanted.q:
        statement = statement.where(name_has(wanted.q))
    return await _page(session, keyset(statement, MEMBER_ORDER, page))


@dataclass(frozen=True, slots=True)
class CommitmentsWanted:
    """Filters of a campaign's commitments; None lets everything through. `theme` is one of the three ranked."""

    campaign_id: UUID
    status: str | None = None
    country: str | None = None
    region: str | None = None
    theme: str | None = None
    recorded_by: str | None = None
    q: str | None = None


async def list_commitments(
    session: AsyncSession, wanted: CommitmentsWanted, page: PageRequest, *, newest_first: bool
) -> Rows:
    """Returns one page of commitments in the order in which they came, whatever became of them; one row more if any."""
    statement = (
        select(
            commitments, _commitment_status.label("status"), places.c.name, places.c.country, places.c.region,
            places.c.subdivision,
        )
        .join(places, places.c.id == commitments.c.local_government_id)
        .where(commitments.c.campaign_id == wanted.campaign_id)
    )  # fmt: skip
    if wanted.status:
        statement = statement.where(_commitment_status == wanted.status)
    for name in ("country", "region"):
        if value := getattr(wanted, name):
            statement = statement.where(places.c[name] == value)
    if wanted.theme:
        statement = statement.where(commitments.c.themes.contains([wanted.theme]))
    if wanted.recorded_by:
        statement = statement.where(commitments.c.recorded_by == wanted.recorded_by)
    if wanted.q:
        statement = statement.where(name_has(wanted.q))
    return await _page(session, keyset(statement, [commitments.c.id], page, descending=newest_first))


async def _page(session: AsyncSession, statement: Select[Any]) -> Rows:
    connection = await session.connection()
    return (await connection.execute(statement)).mappings().all()
