"""Reading a register of local governments from CSV."""

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, replace
from typing import Any

from polity_membership.domain.cells import CELLS, Bad, CellReader, Reference
from polity_membership.domain.likeness import Place, compare
from polity_membership.domain.local_governments import PlaceKey
from polity_membership.domain.sheets import (
    SHOWN_CHARACTERS,
    Changes,
    Columns,
    Fault,
    Reading,
    Row,
    Upload,
    drop_repeated,
    read_sheet,
    set_faulty_aside,
)

CONTACT = ("contact_name", "contact_email", "language")
COLUMNS = Columns(
    (
        "name", "country", "subdivision", "latitude", "longitude", "population", "time_zone", "language",
        "contact_name", "contact_email",
    ),
    frozenset({"subdivision", "population"}),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Contact:
    name: str
    email: str
    language: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One good row."""

    row: Row
    name: str
    country: str
    subdivision: str | None
    latitude: float
    longitude: float
    population: int | None
    time_zone: str
    contact: Contact | None

    @property
    def place(self) -> PlaceKey:
        """Returns what makes two rows the same place."""
        return self.name, self.country, self.latitude, self.longitude

    @property
    def comparable(self) -> Place:
        """Returns the place as it is compared with others, known by its line."""
        return Place(str(self.row.line), self.name, self.country, self.latitude, self.longitude, self.population)


def read_register(upload: Upload, reference: Reference) -> Reading[Entry]:
    """Returns the good rows and every fault of a CSV file in UTF-8, with or without a byte order mark."""
    reading = read_sheet(upload, COLUMNS, lambda row, faults: read_place(row, reference, faults))
    drop_repeated(reading, lambda entry: entry.place, lambda entry: entry.row)
    if upload.changes.set_aside_faulty:
        set_faulty_aside(reading)
    return reading


def leave_out_known(reading: Reading[Entry], register: Iterable[Place], changes: Changes) -> Reading[Entry]:
    """Returns the reading without what the register has; rows that resemble a place of it or an earlier row are asked.

    Seconds for ten thousand rows and as many places: not within a transaction.
    """
    known = list(register)
    there = {(place.name, place.country, place.latitude, place.longitude) for place in known}
    entries = [entry for entry in reading.entries if entry.place not in there]
    compared = compare([(entry.row.line, entry.comparable) for entry in entries], known, changes.answers)
    return replace(
        reading,
        entries=[entry for entry in entries if entry.row.line not in compared.same],
        proposals=compared.proposals,
        set_aside=reading.set_aside + len(compared.same),
        already_there=len(reading.entries) - len(entries),
    )


def read_place(row: Row, reference: Reference, faults: list[Fault]) -> Entry | None:
    """Returns the place and contact of a row, or None with its faults added."""
    required = set(COLUMNS.names) - COLUMNS.optional
    if not any(row.cells[name].strip() for name in ("contact_name", "contact_email")):
        required -= set(CONTACT)
    values = read_cells(row, CELLS, required, reference, faults)
    if values is None:
        return None
    contact = values.pop("contact_name"), values.pop("contact_email"), values.pop("language")
    return Entry(row=row, contact=Contact(*contact) if contact[1] else None, **values)


def read_cells(
    row: Row,
    readers: Mapping[str, CellReader],
    required: Set[str],
    reference: Reference,
    faults: list[Fault],
) -> dict[str, Any] | None:
    """Returns the values of the readers' columns, None for empty cells; None with the faults added if there are any."""
    values: dict[str, Any] = {}
    before = len(faults)
    for name, read in readers.items():
        cell = row.cells.get(name, "")
        try:
            values[name] = _value(read, cell, name in required, reference)
        except Bad as bad:
            faults.append(Fault(row.line, name, bad.reason, cell[:SHOWN_CHARACTERS] or None))
    return None if len(faults) > before else values


def _value(read: CellReader, cell: str, required: bool, reference: Reference) -> Any:
    if not cell.strip():
        if required:
            raise Bad("missing")
        return None
    return read(cell, reference)
