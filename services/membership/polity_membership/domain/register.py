"""Reading a register of local governments from CSV: every faulty row is named, nothing is guessed."""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from polity_membership.domain.cells import CELLS, Bad, Reference
from polity_membership.domain.errors import Refused
from polity_membership.domain.local_governments import PlaceKey

MAX_BYTES = 5_000_000
MAX_ROWS = 10_000
OPTIONAL = ("subdivision", "population")
CONTACT = ("contact_name", "contact_email", "language")
COLUMNS = (
    "name", "country", "subdivision", "latitude", "longitude", "population", "time_zone", "language", "contact_name",
    "contact_email",
)  # fmt: skip
MAX_FAULTS = 10_000
"""How many faults are told: whoever sent a file that is no register needs no more."""
SHOWN_CHARACTERS = 80
"""How much of a faulty cell is shown to whoever sent it."""


@dataclass(frozen=True, slots=True)
class Fault:
    """`line` counts the file's lines from 1; `reason` is stable; `field` is None where the whole line is meant."""

    line: int
    field: str | None
    reason: str
    value: str | None = None


@dataclass(frozen=True, slots=True)
class Contact:
    name: str
    email: str
    language: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One good row."""

    line: int
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


@dataclass(slots=True)
class Reading:
    """`rows` counts the rows below the header, good and bad."""

    rows: int = 0
    entries: list[Entry] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


class NotCsv(ValueError):
    """The text can't be taken apart from `line` on."""

    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


class ImportRefused(Refused):
    """A file with faults: nothing of it was taken over."""

    slug = "import_refused"
    category = "invalid"

    def __init__(self, reading: Reading) -> None:
        super().__init__(self.slug)
        self.reading = reading


def read_register(data: bytes, reference: Reference) -> Reading:
    """Returns the good rows and every fault of a CSV file in UTF-8, with or without a byte order mark."""
    reading = Reading()
    if len(data) > MAX_BYTES:
        reading.faults.append(Fault(1, None, "too_large"))
        return reading
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        found = (Fault(line, None, "wrong_encoding") for line in _undecodable(data))
        reading.faults.extend(islice(found, MAX_FAULTS))
        return reading
    try:
        _read(_records(text), reference, reading)
    except NotCsv as broken:
        reading.faults.append(Fault(broken.line, None, "not_csv"))
    return reading


def _undecodable(data: bytes) -> Iterator[int]:
    for number, line in enumerate(data.split(b"\n"), 1):
        try:
            line.decode()
        except UnicodeDecodeError:
            yield number


def _records(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yields each record with the line it begins on: a quoted cell may span several. Raises NotCsv."""
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    begins = 1
    try:
        for record in lines:
            if record:
                yield begins, record
            begins = lines.line_num + 1
    except csv.Error:
        raise NotCsv(begins) from None


def _read(records: Iterator[tuple[int, list[str]]], reference: Reference, reading: Reading) -> None:
    line, header = next(records, (1, []))
    names = [cell.strip().lower() for cell in header]
    reading.faults += islice(_header_faults(line, names), MAX_FAULTS)
    if reading.faults:
        return
    seen: set[PlaceKey] = set()
    for line, record in records:
        if reading.rows == MAX_ROWS:
            reading.faults.append(Fault(line, None, "too_many_rows"))
            return
        reading.rows += 1
        if len(record) != len(names):
            reading.faults.append(Fault(line, None, "cell_count"))
            continue
        entry = _entry(line, dict(zip(names, record, strict=True)), reference, reading.faults)
        if entry and entry.place in seen:
            reading.faults.append(Fault(line, "name", "duplicate_in_file", entry.name))
        elif entry:
            seen.add(entry.place)
            reading.entries.append(entry)


def _header_faults(line: int, names: list[str]) -> Iterator[Fault]:
    if not names:
        yield Fault(line, None, "empty_file")
        return
    for column in COLUMNS:
        if column not in names and column not in OPTIONAL:
            yield Fault(line, column, "column_missing")
        if names.count(column) > 1:
            yield Fault(line, column, "column_repeated")
    for name in names:
        if name not in COLUMNS:
            yield Fault(line, None, "column_unknown", name[:SHOWN_CHARACTERS])


def _entry(line: int, cells: Mapping[str, str], reference: Reference, faults: list[Fault]) -> Entry | None:
    required = set(COLUMNS) - set(OPTIONAL)
    if not any(cells[name].strip() for name in ("contact_name", "contact_email")):
        required -= set(CONTACT)
    values: dict[str, Any] = {}
    good = True
    for name in COLUMNS:
        cell = cells.get(name, "")
        try:
            values[name] = _value(name, cell, name in required, reference)
        except Bad as bad:
            faults.append(Fault(line, name, bad.reason, cell[:SHOWN_CHARACTERS] or None))
            good = False
    if not good:
        return None
    contact = values.pop("contact_name"), values.pop("contact_email"), values.pop("language")
    return Entry(line=line, contact=Contact(*contact) if contact[1] else None, **values)


def _value(name: str, cell: str, required: bool, reference: Reference) -> str | float | int | None:
    if not cell.strip():
        if required:
            raise Bad("missing")
        return None
    return CELLS[name](cell, reference)
