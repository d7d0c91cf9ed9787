"""Networks and their members, and which network a row belongs to."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from polity_chassis.web.pagination import PageRequest, keyset
from sqlalchemy import ColumnElement, case, literal, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_membership.database.metadata import membership_metadata
from polity_membership.database.rows import Rows, fetch_rows
from polity_membership.local_governments.queries import PLAIN_NAME, name_has
from polity_membership.local_governments.tables import local_governments
from polity_membership.networks.domain import MEMBER
from polity_membership.networks.tables import members, networks


async def list_networks(session: AsyncSession, page: PageRequest) -> Rows:
    """Returns one page of networks, one row more if there is one."""
    return await fetch_rows(session, keyset(select(networks), [networks.c.id], page))


async def members_of(session: AsyncSession, network_ids: Sequence[UUID]) -> Rows:
    """Returns the networks' members: co-presidents first, then by name."""
    return await fetch_rows(
        session,
        select(members, local_governments.c.name, local_governments.c.country)
        .join(local_governments, local_governments.c.id == members.c.local_government_id)
        .where(members.c.network_id.in_(network_ids))
        .order_by(case((members.c.office == "member", 1), else_=0), PLAIN_NAME, local_governments.c.id),
    )


_RANK: ColumnElement[int] = case((members.c.office == MEMBER, literal(1)), else_=literal(0))


MEMBER_ORDER = (_RANK, PLAIN_NAME, local_governments.c.id)


@dataclass(frozen=True, slots=True)
class MemberFilter:
    """Filters of a network's members; None lets everything through. `q` is a part of the name."""

    network_id: UUID
    office: str | None = None
    country: str | None = None
    q: str | None = None


async def list_members(session: AsyncSession, wanted: MemberFilter, page: PageRequest) -> Rows:
    """Returns one page of members, those with an office first, then by name; one row more if there is one."""
    statement = (
        select(
            members,
            local_governments.c.name,
            local_governments.c.country,
            _RANK.label("rank"),
            PLAIN_NAME.label("plain_name"),
        )
        .join(local_governments, local_governments.c.id == members.c.local_government_id)
        .where(members.c.network_id == wanted.network_id)
    )
    if wanted.office:
        statement = statement.where(members.c.office == wanted.office)
    if wanted.country:
        statement = statement.where(local_governments.c.country == wanted.country)
    if wanted.q:
        statement = statement.where(name_has(wanted.q))
    return await fetch_rows(session, keyset(statement, MEMBER_ORDER, page))


async def add_member(session: AsyncSession, network_id: UUID, local_government_id: UUID, office: str) -> bool:
    """Inserts the member; returns False if it was one already."""
    connection = await session.connection()
    result = await connection.execute(
        insert(members)
        .values(network_id=network_id, local_government_id=local_government_id, office=office)
        .on_conflict_do_nothing()
    )
    return result.rowcount == 1


_NETWORK_BY_OTHERS = {
    "mandate": text("""
SELECT coalesce(lg.network_id, mandate.scope_id) FROM mandate
  LEFT JOIN local_government lg ON lg.id = mandate.scope_id WHERE mandate.id = :id
"""),
    "proof": text("""
SELECT invitation.network_id FROM proof JOIN invitation ON invitation.id = proof.invitation_id WHERE proof.id = :id
"""),
}
"""The statements for rows without a network_id of their own."""


async def network_of(session: AsyncSession, kind: str, id: UUID) -> UUID | None:  # noqa: A002
    """Returns the network of the row with that id in the table `kind`; None without such a row or network."""
    connection = await session.connection()
    if kind in _NETWORK_BY_OTHERS:
        found = await connection.execute(_NETWORK_BY_OTHERS[kind], {"id": id})
    else:
        rows = membership_metadata.tables[kind]
        found = await connection.execute(select(rows.c.network_id).where(rows.c.id == id))
    network_id: UUID | None = found.scalar_one_or_none()
    return network_id
