"""The register of local governments: the places it has, and adding many at once."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_membership.database.aggregates import columns, load_all, lock_all
from polity_membership.database.bulk import among, insert_many
from polity_membership.database.metadata import table
from polity_membership.errors import RegisterChanged
from polity_membership.local_governments.domain import LocalGovernment
from polity_membership.networks.domain import Network
from polity_membership.people.domain import Person
from polity_membership.register_imports.domain.differences import Registered
from polity_membership.tabular_import.domain.duplicate_detection import Place

_PLACES = text("""
SELECT id, name, country, latitude, longitude, population FROM local_government WHERE network_id = :network_id
""")
_CHANGE = text("""
UPDATE network SET register_version = register_version + 1 WHERE id = :id AND register_version = :register_version
""")


async def register_of(session: AsyncSession, network_id: UUID) -> list[Place]:
    """Returns the places that the network's register has; their keys are the ids."""
    connection = await session.connection()
    result = await connection.execute(_PLACES, {"network_id": network_id})
    return [Place(str(row.id), row.name, row.country, row.latitude, row.longitude, row.population) for row in result]


async def change_register(session: AsyncSession, network: Network) -> None:
    """Locks the network until the transaction ends, for its register changes; raises RegisterChanged if it did."""
    parameters = {"id": network.id, "register_version": network.register_version}
    if (await (await session.connection()).execute(_CHANGE, parameters)).rowcount != 1:
        raise RegisterChanged


async def registered(session: AsyncSession, ids: Collection[UUID], *, lock: bool = False) -> dict[UUID, Registered]:
    """Returns these places with their contacts by id; with `lock` for nobody else until the transaction ends."""
    take, contacts = (lock_all if lock else load_all), table("local_government_contact")
    places = await take(session, LocalGovernment, among(table("local_government").c.id, ids))
    linked = select(contacts).where(among(contacts.c.local_government_id, ids))
    links = {row.local_government_id: row.person_id for row in await (await session.connection()).execute(linked)}
    people = await take(session, Person, among(table("person").c.id, links.values()))
    # Whoever is being erased is unlinked in the same transaction, which may have ended while the lock was waited for.
    there = {person.id: person for person in people if person.erased_at is None}
    return {place.id: Registered(place, there.get(links[place.id]) if place.id in links else None) for place in places}


async def add_register(session: AsyncSession, entries: Sequence[tuple[LocalGovernment, Person | None]]) -> None:
    """Inserts local governments with their contacts, in one statement for each table."""
    await insert_many(session, table("local_government"), (columns(place) for place, _ in entries))
    await insert_many(session, table("person"), (columns(person) for _, person in entries if person))
    links = [{"local_government_id": place.id, "person_id": person.id} for place, person in entries if person]
    await insert_many(session, table("local_government_contact"), links)


async def add_member(session: AsyncSession, network_id: UUID, local_government_id: UUID, office: str) -> bool:
    """Notes the member; returns False when it was one before."""
    connection = await session.connection()
    result = await connection.execute(
        insert(table("network_member"))
        .values(network_id=network_id, local_government_id=local_government_id, office=office)
        .on_conflict_do_nothing()
    )
    return result.rowcount == 1
