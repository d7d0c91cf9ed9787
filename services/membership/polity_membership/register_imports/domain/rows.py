"""A register of local governments, read from a table."""

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from polity_membership.errors import InvalidValue
from polity_membership.local_governments.domain import LocalGovernmentKey
from polity_membership.reference_data.domain import Reference
from polity_membership.tabular_import.domain.duplicate_detection import ComparedLocalGovernment, compare
from polity_membership.tabular_import.domain.field_parsers import FIELD_PARSERS, FieldParser
from polity_membership.tabular_import.domain.findings import (
    SHOWN_CHARACTERS,
    Fault,
    Reading,
    Row,
    RowStatus,
    drop_repeated,
    set_faulty_aside,
)
from polity_membership.tabular_import.domain.positions import COORDINATES, doubt, explained
from polity_membership.tabular_import.domain.reading import Changes, Columns, Table, read_table
from polity_membership.values.texts import MAX_RAW_CHARACTERS, seen

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
    """A row without faults."""

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
    def key(self) -> LocalGovernmentKey:
        """Returns what makes two rows the same local government."""
        return self.name, self.country, self.latitude, self.longitude

    @property
    def compared(self) -> ComparedLocalGovernment:
        """Returns the row as `compare` takes it, with its line as the key."""
        return ComparedLocalGovernment(
            str(self.row.line), self.name, self.country, self.latitude, self.longitude, self.population
        )


def read_register(table: Table, changes: Changes, reference: Reference) -> Reading[Entry]:
    """Returns the rows that could be read, every fault, and every question about one."""
    reading = read_table(table, changes, COLUMNS, lambda row, faults: read_local_government(row, reference, faults))
    drop_repeated(reading, lambda entry: entry.key, lambda entry: entry.row)
    if changes.set_aside_faulty:
        set_faulty_aside(reading)
    return reading


def leave_out_known(
    read: Reading[Entry], register: Iterable[ComparedLocalGovernment], changes: Changes
) -> Reading[Entry]:
    """Returns the reading without the rows that the register has, and with a proposal for each row that may be known.

    Takes seconds for ten thousand rows: don't call it within a transaction.
    """
    reading, known = read.copy(), list(register)
    there = {each.identity: each for each in known}
    others = [entry.compared for entry in reading.entries if entry.key not in there]
    compared = compare([(int(each.key), each) for each in others], known, changes.answers)
    taken: set[str] = set()
    for entry in reading.entries:
        line = entry.row.line
        same = there.get(entry.key) or compared.same.get(line)
        if same is None:
            continue
        if same.is_row or same.key in taken:
            # The earlier row stands for both.
            reading.settle(line, RowStatus.SET_ASIDE)
            continue
        taken.add(same.key)
        reading.settle(line, RowStatus.ALREADY_THERE)
        reading.known.append((entry, UUID(same.key)))
    reading.propose(compared)
    reading.entries = [entry for entry in reading.entries if reading.statuses[entry.row.line] is RowStatus.ACCEPTED]
    return reading


def read_local_government(row: Row, reference: Reference, faults: list[Fault]) -> Entry | None:
    """Returns the local government and contact of a row, or None; adds its faults and questions to `faults`."""
    required = set(COLUMNS.names) - COLUMNS.optional
    if not any(seen(row.cells[name]) for name in ("contact_name", "contact_email")):
        required -= set(CONTACT)
    wrong: list[Fault] = []
    values = read_cells(row, FIELD_PARSERS, required, reference, wrong)
    if values is None:
        faults += _with_positions(row, wrong, reference)
        return None
    if "outside_country" not in row.confirmed and (asked := doubt(row, values["country"], reference.land)):
        faults.append(asked)
    contact = values.pop("contact_name"), values.pop("contact_email"), values.pop("language")
    return Entry(row=row, contact=Contact(*contact) if contact[1] else None, **values)


def _with_positions(row: Row, wrong: list[Fault], reference: Reference) -> list[Fault]:
    country = row.cells["country"].strip().upper()
    if country not in reference.regions or not any(fault.field in COORDINATES for fault in wrong):
        return wrong
    return explained(row, wrong, country, reference.land)


def read_cells(
    row: Row,
    readers: Mapping[str, FieldParser],
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
        except InvalidValue as bad:
            instead = tuple({name: value} for value in bad.instead)
            faults.append(Fault(row.line, name, bad.reason, cell[:SHOWN_CHARACTERS] or None, suggestions=instead))
    return None if len(faults) > before else values


def _value(read: FieldParser, cell: str, required: bool, reference: Reference) -> Any:
    if len(cell) > MAX_RAW_CHARACTERS:
        raise InvalidValue("too_long")
    if not seen(cell):
        if required:
            raise InvalidValue("missing")
        return None
    return read(cell, reference)
