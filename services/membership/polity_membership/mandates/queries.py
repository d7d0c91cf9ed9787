"""Mandates: lists, look-ups and locks."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from polity_chassis.web.pagination import PageRequest, keyset
from sqlalchemy import ColumnElement, case, or_, select, text
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_membership.database.aggregates import aggregate
from polity_membership.database.rows import Rows, fetch_rows
from polity_membership.local_governments.tables import local_governments
from polity_membership.mandates.domain import Mandate
from polity_membership.mandates.tables import mandates
from polity_membership.networks.tables import networks
from polity_membership.people.tables import people


async def mandates_under(session: AsyncSession, subject: str) -> Rows:
    """Returns the mandates that the sign-in acts under, with the name of the network or local government."""
    statement = (
        select(
            mandates.c.id,
            mandates.c.role,
            mandates.c.scope_id,
            networks.c.name.label("network_name"),
            networks.c.fallback_language,
            local_governments.c.name.label("place_name"),
        )
        .outerjoin(networks, networks.c.id == mandates.c.scope_id)
        .outerjoin(local_governments, local_governments.c.id == mandates.c.scope_id)
        .where(mandates.c.subject == subject, mandates.c.ended_at.is_(None))
        .order_by(mandates.c.id)
    )
    return await fetch_rows(session, statement)


_mandate_status: ColumnElement[str] = case(
    (mandates.c.ended_at.is_not(None), "ended"), (mandates.c.linked_at.is_not(None), "active"), else_="waiting"
)


@dataclass(frozen=True, slots=True)
class MandateFilter:
    """Filters of a network's mandates and of those for its local governments; None lets everything through."""

    network_id: UUID
    role: str | None = None
    status: str | None = None
    local_government_id: UUID | None = None


async def list_mandates(session: AsyncSession, wanted: MandateFilter, page: PageRequest) -> Rows:
    """Returns one page of mandates, the newest first, with who holds each; one row more if there is one."""
    statement = (
        select(
            mandates,
            _mandate_status.label("status"),
            people.c.name.label("person_name"),
            local_governments.c.name.label("local_government_name"),
        )
        .join(people, people.c.id == mandates.c.person_id)
        .outerjoin(local_governments, local_governments.c.id == mandates.c.scope_id)
        .where(or_(mandates.c.scope_id == wanted.network_id, local_governments.c.network_id == wanted.network_id))
    )
    if wanted.role:
        statement = statement.where(mandates.c.role == wanted.role)
    if wanted.status:
        statement = statement.where(_mandate_status == wanted.status)
    if wanted.local_government_id:
        statement = statement.where(mandates.c.scope_id == wanted.local_government_id)
    return await fetch_rows(session, keyset(statement, [mandates.c.id], page, descending=True))


async def lock_mandates_of(session: AsyncSession, person_id: UUID) -> Sequence[Mandate]:
    """Locks and returns every mandate the person ever had, in the order of their ids."""
    connection = await session.connection()
    result = await connection.execute(
        select(mandates)
        .where(mandates.c.person_id == person_id)
        .order_by(mandates.c.id)
        .with_for_update(key_share=True)
    )
    return [aggregate(Mandate, row) for row in result.mappings()]


_HOLDS = text("""
SELECT person_id FROM mandate
 WHERE subject = :subject AND role = :role AND ended_at IS NULL
   AND scope_id IS NOT DISTINCT FROM CAST(:scope_id AS uuid)
 ORDER BY id LIMIT 1
""")


async def holds(session: AsyncSession, subject: str, role: str, scope_id: UUID | None) -> UUID | None:
    """Returns the id of the person who has such a mandate, accepted by the sign-in `subject`, or None."""
    connection = await session.connection()
    parameters = {"subject": subject, "role": role, "scope_id": scope_id}
    person_id: UUID | None = (await connection.execute(_HOLDS, parameters)).scalar_one_or_none()
    return person_id
