"""ImportLocalGovernments: the rows of a CSV file become part of the register, all that aren't set aside or nothing."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from polity_chassis.database import Database
from polity_chassis.ids import new_id
from polity_chassis.outbox import Outgoing, add_outgoing
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_membership.domain.likeness import compare
from polity_membership.domain.local_governments import LocalGovernment
from polity_membership.domain.networks import Network
from polity_membership.domain.people import Person
from polity_membership.domain.register import Contact, Entry, read_register
from polity_membership.domain.sheets import Changes, ImportRefused, Reading, Upload
from polity_membership.storage.aggregates import load, lock
from polity_membership.storage.reference import reference
from polity_membership.storage.register import add_register, places_in
from polity_membership.usecases.repeatable import Ids, Once, always


async def check_register(database: Database, network_id: UUID, upload: Upload) -> Reading[Entry]:
    """Returns what an import of the file would find, and writes nothing; raises NotFound."""
    reading = await asyncio.to_thread(read_register, upload, reference())
    async with database.transaction() as session:
        await load(session, Network, network_id)
        await _find_again(session, network_id, reading, upload.changes)
    return reading


async def import_local_governments(
    database: Database,
    network_id: UUID,
    upload: Upload,
    now: datetime,
    once: Once = always,
) -> Ids:
    """Returns how many `rows` the file has and how many were `imported`, `set_aside` and `already_there`.

    Raises NotFound, or ImportRefused while a row is faulty or perhaps a place that is known already.
    """
    reading = await asyncio.to_thread(read_register, upload, reference())
    async with database.transaction() as session:

        async def take_over() -> Ids:
            network = await lock(session, Network, network_id)
            await _find_again(session, network_id, reading, upload.changes)
            if reading.held_back:
                raise ImportRefused(reading)
            places = [(local_government_of(entry, network), contact_of(entry.contact)) for entry in reading.entries]
            await add_register(session, places)
            await add_outgoing(session, _facts(places), occurred_at=now)
            return {
                "rows": reading.rows,
                "imported": len(places),
                "set_aside": reading.set_aside,
                "already_there": reading.already_there,
            }

        return await once(session, take_over)


async def _find_again(session: AsyncSession, network_id: UUID, reading: Reading[Entry], changes: Changes) -> None:
    """Leaves out what the register has, and notes which rows resemble a place of the register or an earlier row."""
    known = await places_in(session, network_id, (entry.country for entry in reading.entries))
    there = {(place.name, place.country, place.latitude, place.longitude) for place in known}
    entries = [entry for entry in reading.entries if entry.place not in there]
    reading.already_there = len(reading.entries) - len(entries)
    rows = [(entry.row.line, entry.comparable) for entry in entries]
    compared = await asyncio.to_thread(compare, rows, known, changes.answers)
    reading.set_aside += len(compared.same)
    reading.proposals = compared.proposals
    reading.entries = [entry for entry in entries if entry.row.line not in compared.same]


def local_government_of(entry: Entry, network: Network) -> LocalGovernment:
    """Returns the place of a row as a new local government of the network."""
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


def contact_of(contact: Contact | None) -> Person | None:
    """Returns the contact of a row as a new person."""
    if contact is None:
        return None
    return Person(id=new_id(), name=contact.name, email=contact.email, language=contact.language, fact_sequence=1)


def _facts(places: Sequence[tuple[LocalGovernment, Person | None]]) -> list[Outgoing]:
    registered = [Outgoing(place.id, place.fact_sequence, place.register()) for place, _ in places]
    recorded = [Outgoing(person.id, person.fact_sequence, person.record()) for _, person in places if person]
    return registered + recorded
