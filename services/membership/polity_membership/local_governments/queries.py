"""The register of local governments: its list, what of it is public, and the contacts."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from typing import Any
from uuid import UUID

from polity_chassis.web.pagination import PageRequest, keyset
from sqlalchemy import ColumnElement, Text, and_, cast, delete, func, insert, select
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_membership.database.aggregates import columns
from polity_membership.database.bulk import among, insert_many
from polity_membership.database.rows import Rows, fetch_rows
from polity_membership.invitations.tables import invitations
from polity_membership.local_governments.domain import PublicLocalGovernment
from polity_membership.local_governments.tables import contacts, local_governments
from polity_membership.people.domain import Person
from polity_membership.people.tables import people
from polity_membership.values.texts import seen

NOT_INVITED = "none"
"""The status in a filter of local governments that the campaign hasn't invited."""


PLAIN_NAME: ColumnElement[str] = cast(func.lower(func.unaccent(local_governments.c.name)), Text)
"""What lists are ordered by, as readers look names up: Évora under E, and Łódź under L."""


def name_has(q: str) -> ColumnElement[bool]:
    """Whether a local government's name has that part, accents and case aside."""
    wished = func.unaccent(" ".join(seen(q).split()).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_"))
    return func.unaccent(local_governments.c.name).ilike(func.concat("%", wished, "%"))


@dataclass(frozen=True, slots=True)
class RegisterFilter:
    """Filters of the register; None lets everything through. `status` is that for `campaign_id`."""

    network_id: UUID
    region: str | None = None
    country: str | None = None
    q: str | None = None
    campaign_id: UUID | None = None
    status: str | None = None


async def list_local_governments(session: AsyncSession, wanted: RegisterFilter, page: PageRequest) -> Rows:
    """Returns one page of the register by name, without regard to accents or case; one row more if there is one."""
    invited = and_(
        invitations.c.campaign_id == wanted.campaign_id, invitations.c.local_government_id == local_governments.c.id
    )
    statement = (
        select(
            local_governments,
            invitations.c.id.label("invitation_id"),
            invitations.c.status,
            contacts.c.person_id.label("contact_id"),
            people.c.language.label("contact_language"),
            PLAIN_NAME.label("plain_name"),
        )
        .outerjoin(invitations, invited)
        .outerjoin(contacts, contacts.c.local_government_id == local_governments.c.id)
        .outerjoin(people, people.c.id == contacts.c.person_id)
        .where(local_governments.c.network_id == wanted.network_id)
    )
    for name in ("region", "country"):
        if value := getattr(wanted, name):
            statement = statement.where(local_governments.c[name] == value)
    if wanted.q:
        statement = statement.where(name_has(wanted.q))
    if wanted.status == NOT_INVITED:
        statement = statement.where(invitations.c.status.is_(None))
    elif wanted.status:
        statement = statement.where(invitations.c.status == wanted.status)
    return await fetch_rows(session, keyset(statement, [PLAIN_NAME, local_governments.c.id], page))


async def public_local_governments(
    session: AsyncSession, local_government_ids: Collection[UUID]
) -> dict[UUID, PublicLocalGovernment]:
    """Returns what is public of local governments once their commitments count, by id."""
    wanted = select(local_governments.c.id, *public_columns()).where(
        among(local_governments.c.id, local_government_ids)
    )
    rows = (await (await session.connection()).execute(wanted)).mappings()
    return {
        row["id"]: PublicLocalGovernment(**{field.name: row[field.name] for field in fields(PublicLocalGovernment)})
        for row in rows
    }


def public_columns() -> list[ColumnElement[Any]]:
    """Returns the columns of PublicLocalGovernment."""
    return [local_governments.c[field.name] for field in fields(PublicLocalGovernment)]


async def contact_of(session: AsyncSession, local_government_id: UUID) -> UUID | None:
    """Returns the person id of the local government's contact, or None."""
    connection = await session.connection()
    found: UUID | None = (
        await connection.execute(
            select(contacts.c.person_id).where(contacts.c.local_government_id == local_government_id)
        )
    ).scalar_one_or_none()
    return found


async def add_contact(session: AsyncSession, local_government_id: UUID, person_id: UUID) -> None:
    """Makes the person the contact of a local government that has none."""
    values = {"local_government_id": local_government_id, "person_id": person_id}
    await (await session.connection()).execute(insert(contacts).values(values))


async def remove_contact(session: AsyncSession, person_id: UUID) -> None:
    """Removes the person as a contact everywhere."""
    connection = await session.connection()
    await connection.execute(delete(contacts).where(contacts.c.person_id == person_id))


async def add_contacts(session: AsyncSession, new: Sequence[tuple[UUID, Person]]) -> None:
    """Inserts people as the contacts of local governments that had none."""
    await insert_many(session, people, (columns(person) for _, person in new))
    links = [
        {"local_government_id": local_government_id, "person_id": person.id} for local_government_id, person in new
    ]
    await insert_many(session, contacts, links)
