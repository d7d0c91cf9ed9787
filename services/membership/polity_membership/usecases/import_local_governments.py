"""ImportLocalGovernments: a CSV file becomes part of the register, all of it or nothing."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from polity_chassis.database import Database
from polity_chassis.ids import new_id
from polity_chassis.outbox import Outgoing, add_outgoing
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_membership.domain.local_governments import LocalGovernment
from polity_membership.domain.networks import Network
from polity_membership.domain.people import Person
from polity_membership.domain.register import Entry, Fault, ImportRefused, Reading, read_register
from polity_membership.storage.aggregates import load, lock
from polity_membership.storage.reference import reference
from polity_membership.storage.register import add_register, places_there
from polity_membership.usecases.repeatable import Ids, Once, always


async def check_register(database: Database, network_id: UUID, data: bytes) -> Reading:
    """Returns what an import of the file would find, and writes nothing; raises NotFound."""
    reading = await asyncio.to_thread(read_register, data, reference())
    async with database.transaction() as session:
        await load(session, Network, network_id)
        await _find_duplicates(session, network_id, reading)
    return reading


async def import_local_governments(
    database: Database, network_id: UUID, data: bytes, now: datetime, once: Once = always
) -> Ids:
    """Returns how many `rows` the file has and how many were `imported`: all. Raises NotFound or ImportRefused."""
    reading = await asyncio.to_thread(read_register, data, reference())
    async with database.transaction() as session:

        async def take_over() -> Ids:
            network = await lock(session, Network, network_id)
            await _find_duplicates(session, network_id, reading)
            if reading.faults:
                raise ImportRefused(reading)
            places = [(_place(entry, network), _contact(entry)) for entry in reading.entries]
            await add_register(session, places)
            await add_outgoing(session, _facts(places), occurred_at=now)
            return {"rows": reading.rows, "imported": len(places)}

        return await once(session, take_over)


async def _find_duplicates(session: AsyncSession, network_id: UUID, reading: Reading) -> None:
    there = await places_there(session, network_id, [entry.place for entry in reading.entries])
    for entry in reading.entries:
        if entry.place in there:
            reading.faults.append(Fault(entry.line, "name", "duplicate_in_register", entry.name))
    reading.entries = [entry for entry in reading.entries if entry.place not in there]
    reading.faults.sort(key=lambda fault: fault.line)


def _place(entry: Entry, network: Network) -> LocalGovernment:
    return LocalGovernment(
        id=new_id(),
        network_id=network.id,
        name=entry.name,
        country=entry.country,
        subdivision=entry.subdivision,
        region=reference().regions[entry.country],
        latitude=entry.latitude,
        longitude=entry.longitude,
        population=entry.population,
        time_zone=entry.time_zone,
        demonstration=network.demonstration,
        fact_sequence=1,
    )


def _contact(entry: Entry) -> Person | None:
    contact = entry.contact
    if contact is None:
        return None
    return Person(id=new_id(), name=contact.name, email=contact.email, language=contact.language, fact_sequence=1)


def _facts(places: Sequence[tuple[LocalGovernment, Person | None]]) -> list[Outgoing]:
    registered = [Outgoing(place.id, place.fact_sequence, place.register()) for place, _ in places]
    recorded = [Outgoing(person.id, person.fact_sequence, person.record()) for _, person in places if person]
    return registered + recorded
