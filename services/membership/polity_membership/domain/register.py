"""Reading a register of local governments from CSV."""

from collections.abc import Set
from dataclasses import dataclass
from functools import partial
from typing import Any

from polity_membership.domain.cells import CELLS, Bad, Reference
from polity_membership.domain.likeness import Place
from polity_membership.domain.local_governments import PlaceKey
from polity_membership.domain.sheets import (
    SHOWN_CHARACTERS,
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
    reading = read_sheet(upload, COLUMNS, partial(_entry, reference))
    drop_repeated(reading, lambda entry: entry.place, lambda entry: entry.row)
    if upload.changes.set_aside_faulty:
        set_faulty_aside(reading)
    return reading


def _entry(reference: Reference, row: Row, faults: list[Fault]) -> Entry | None:
    required = set(COLUMNS.names) - COLUMNS.optional
    if not any(row.cells[name].strip() for name in ("contact_name", "contact_email")):
        required -= set(CONTACT)
    values = read_cells(row, COLUMNS.names, required, reference, faults)
    if values is None:
        return None
    contact = values.pop("contact_name"), values.pop("contact_email"), values.pop("language")
    return Entry(row=row, contact=Contact(*contact) if contact[1] else None, **values)


def read_cells(
    row: Row, names: tuple[str, ...], required: Set[str], reference: Reference, faults: list[Fault]
) -> dict[str, Any] | None:
    """Returns the values of these columns, None for empty ones; adds the faults and returns None if there are any."""
    values: dict[str, Any] = {}
    before = len(faults)
    for name in names:
        cell = row.cells.get(name, "")
        try:
            values[name] = _value(name, cell, name in required, reference)
        except Bad as bad:
            faults.append(Fault(row.line, name, bad.reason, cell[:SHOWN_CHARACTERS] or None))
    return None if len(faults) > before else values


def _value(name: str, cell: str, required: bool, reference: Reference) -> str | float | int | None:
    if not cell.strip():
        if required:
            raise Bad("missing")
        return None
    return CELLS[name](cell, reference)
