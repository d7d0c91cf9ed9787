"""The register as an import sees it: what it has, taking its lock, and inserting many rows at once."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import select, text
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_membership.database.aggregates import columns, load_all, lock_all
from polity_membership.database.bulk import among, insert_many
from polity_membership.local_governments.domain import LocalGovernment
from polity_membership.local_governments.errors import RegisterChanged
from polity_membership.local_governments.tables import contacts, local_governments
from polity_membership.networks.domain import Network
from polity_membership.people.domain import Person
from polity_membership.people.tables import people
from polity_membership.register_imports.domain.differences import Registered
from polity_membership.tabular_import.domain.duplicate_detection import ComparedLocalGovernment

_REGISTER = text("""
SELECT id, name, country, latitude, longitude, population FROM local_government WHERE network_id = :network_id
""")
_CHANGE = text("""
UPDATE network SET register_version = register_version + 1 WHERE id = :id AND register_version = :register_version
""")


async def register_of(session: AsyncSession, network_id: UUID) -> list[ComparedLocalGovernment]:
    """Returns the local governments of the network's register; their keys are the ids."""
    connection = await session.connection()
    result = await connection.execute(_REGISTER, {"network_id": network_id})
    return [
        ComparedLocalGovernment(str(row.id), row.name, row.country, row.latitude, row.longitude, row.population)
        for row in result
    ]


async def change_register(session: AsyncSession, network: Network) -> None:
    """Increments the register's version, which locks the network; raises RegisterChanged if it isn't the one read."""
    parameters = {"id": network.id, "register_version": network.register_version}
    if (await (await session.connection()).execute(_CHANGE, parameters)).rowcount != 1:
        raise RegisterChanged


async def registered(session: AsyncSession, ids: Collection[UUID], *, lock: bool = False) -> dict[UUID, Registered]:
    """Returns the local governments with their contacts, by id; locked until the transaction ends with `lock`."""
    take = lock_all if lock else load_all
    found = await take(session, LocalGovernment, among(local_governments.c.id, ids))
    linked = select(contacts).where(among(contacts.c.local_government_id, ids))
    links = {row.local_government_id: row.person_id for row in await (await session.connection()).execute(linked)}
    contact_people = await take(session, Person, among(people.c.id, links.values()))
    # Whoever is being erased is unlinked in the same transaction, which may have ended while the lock was waited for.
    there = {person.id: person for person in contact_people if person.erased_at is None}
    return {
        local_government.id: Registered(
            local_government, there.get(links[local_government.id]) if local_government.id in links else None
        )
        for local_government in found
    }


async def add_register(session: AsyncSession, entries: Sequence[tuple[LocalGovernment, Person | None]]) -> None:
    """Inserts local governments with their contacts, in one statement for each table."""
    await insert_many(session, local_governments, (columns(local_government) for local_government, _ in entries))
    await insert_many(session, people, (columns(person) for _, person in entries if person))
    links = [
        {"local_government_id": local_government.id, "person_id": person.id}
        for local_government, person in entries
        if person
    ]
    await insert_many(session, contacts, links)
