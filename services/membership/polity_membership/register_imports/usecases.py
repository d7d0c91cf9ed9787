"""ImportLocalGovernments: the rows of a file become part of the register, all that aren't set aside or nothing.

Comparing takes seconds and is done before anything is locked: whoever finds that the register has changed meanwhile
compares again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from polity_chassis.database.engine import Database
from polity_chassis.ids import new_id
from polity_chassis.messaging.publishing.outbox import Outgoing, add_outgoing, numbered
from polity_chassis.web.idempotency import Ids, Key, once
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_membership.database.aggregates import load, save_all
from polity_membership.erasures.queries import note_corrected
from polity_membership.invitations.queries import asked_among
from polity_membership.local_governments.domain import LocalGovernment
from polity_membership.local_governments.errors import RegisterChanged
from polity_membership.local_governments.queries import add_contacts
from polity_membership.local_governments.usecases import CorrectContact, correct_within
from polity_membership.networks.domain import Network
from polity_membership.people.domain import Person
from polity_membership.reference_data.reference import reference
from polity_membership.register_imports.domain.differences import CONTACT, VALUES, with_differences
from polity_membership.register_imports.domain.rows import COLUMNS, Contact, Entry, leave_out_known, read_register
from polity_membership.register_imports.queries import add_register, change_register, register_of, registered
from polity_membership.tabular_import.domain.findings import ImportRefused, Reading, RowStatus
from polity_membership.tabular_import.domain.reading import Upload
from polity_membership.tabular_import.uploads import table_of

T = TypeVar("T")
COMPARISONS = 3
"""How often the register may change under an import before it is refused."""


async def check_register(database: Database, network_id: UUID, upload: Upload) -> Reading[Entry]:
    """Returns what an import of the file would find, and writes nothing; raises NotFound."""
    read = await _read(upload)
    return (await _compared(database, network_id, read, upload))[1]


async def import_local_governments(
    database: Database,
    network_id: UUID,
    upload: Upload,
    now: datetime,
    key: Key | None = None,
) -> Ids:
    """Returns how many `rows` the file has and how many were `imported`, `updated`, `set_aside` and `already_there`.

    Raises NotFound, RegisterChanged, or ImportRefused if a row is faulty or may be a local government of the register.
    """
    read = await _read(upload)

    async def compare_and_add() -> Ids:
        network, reading = await _compared(database, network_id, read, upload)
        local_governments, facts = await asyncio.to_thread(_prepared, reading, network)

        async def take_over() -> Ids:
            if reading.held_back:
                raise ImportRefused(reading)
            await change_register(session, network)
            await add_register(session, local_governments)
            await add_outgoing(session, facts + await _update(session, reading, now), occurred_at=now)
            return done(reading)

        async with database.transaction() as session:
            return await once(session, key, take_over)

    return await again_if_register_changed(compare_and_add)


async def again_if_register_changed(compare_and_add: Callable[[], Awaitable[T]]) -> T:
    """Returns what the import comes to; raises RegisterChanged when somebody was quicker COMPARISONS times."""
    for _ in range(COMPARISONS - 1):
        try:
            return await compare_and_add()
        except RegisterChanged:
            continue
    return await compare_and_add()


async def _read(upload: Upload) -> Reading[Entry]:
    table = await table_of(upload, COLUMNS)
    return await asyncio.to_thread(read_register, table, upload.changes, reference())


async def _compared(
    database: Database, network_id: UUID, read: Reading[Entry], upload: Upload
) -> tuple[Network, Reading[Entry]]:
    """Returns the network with the version of its register that the rows were compared with."""
    async with database.transaction() as session:
        # The version first: what is added between the two statements is compared now and once more.
        network = await load(session, Network, network_id)
        register = await register_of(session, network_id)
    reading = await asyncio.to_thread(leave_out_known, read, register, upload.changes)
    async with database.transaction() as session:
        known = await registered(session, [id_ for _, id_ in reading.known])
    return network, with_differences(reading, known, upload.changes)


async def _update(session: AsyncSession, reading: Reading[Entry], now: datetime) -> list[Outgoing]:
    """Writes the values of the rows that are to be taken over; returns the facts of what that changed."""
    entries = {id_: entry for entry, id_ in reading.known if reading.statuses[entry.row.line] is RowStatus.TO_UPDATE}
    await _correct_contacts_of_asked(session, reading, entries, now)
    facts, contacts, corrected_people = [], [], []
    found = await registered(session, entries, lock=True)
    for id_, one in found.items():
        entry, contact = entries[id_], entries[id_].contact
        if corrected := one.local_government.correct(**{name: getattr(entry, name) for name in VALUES}):
            facts.append(numbered(one.local_government, corrected))
        if contact and one.contact and (recorded := one.contact.correct(contact.name, contact.email, contact.language)):
            facts.append(numbered(one.contact, recorded))
            corrected_people.append(one.contact)
        elif contact and not one.contact:
            contacts.append((id_, contact_of(contact)))
    await save_all(session, [one.local_government for one in found.values()])
    await save_all(session, corrected_people)
    await note_corrected(session, [person.id for person in corrected_people])
    await add_contacts(session, contacts)
    return facts + [Outgoing(person.id, person.fact_sequence, person.record()) for _, person in contacts]


async def _correct_contacts_of_asked(
    session: AsyncSession, reading: Reading[Entry], entries: Mapping[UUID, Entry], now: datetime
) -> None:
    """Corrects contacts with open invitations one by one: saved forms and reasons may name the contact before."""
    changed = {
        one.local_government_id
        for one in reading.differences
        if CONTACT.keys() & {change.field for change in one.changes}
    }
    for id_ in sorted(await asked_among(session, entries.keys() & changed)):
        contact = entries[id_].contact
        if contact and contact.language:
            await correct_within(session, CorrectContact(id_, contact.name, contact.email, contact.language), now)


def _prepared(
    reading: Reading[Entry], network: Network
) -> tuple[list[tuple[LocalGovernment, Person | None]], list[Outgoing]]:
    """Returns what an import adds to the register, and its facts."""
    local_governments = [
        (local_government_of(entry, network), contact_of(entry.contact) if entry.contact else None)
        for entry in reading.entries
    ]
    return local_governments, _facts(local_governments)


def done(reading: Reading[Any]) -> Ids:
    """Returns what is told of an import: the rows, and what became of them."""
    counts = reading.counts()
    told = {"rows": counts["rows"], "imported": counts["accepted"], "updated": counts["to_update"]}
    return {**told, **{name: counts[name] for name in ("set_aside", "already_there")}}


def local_government_of(entry: Entry, network: Network) -> LocalGovernment:
    """Returns the local government of a row as a new local government of the network."""
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


def contact_of(contact: Contact) -> Person:
    """Returns the contact of a row as a new person."""
    return Person(id=new_id(), name=contact.name, email=contact.email, language=contact.language, fact_sequence=1)


def _facts(local_governments: Sequence[tuple[LocalGovernment, Person | None]]) -> list[Outgoing]:
    registered = [
        Outgoing(local_government.id, local_government.fact_sequence, local_government.register())
        for local_government, _ in local_governments
    ]
    recorded = [Outgoing(person.id, person.fact_sequence, person.record()) for _, person in local_governments if person]
    return registered + recorded
