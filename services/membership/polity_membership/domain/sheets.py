"""Reading a table from CSV as people's programs write it: every faulty row is named, nothing is guessed."""

import codecs
import csv
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from itertools import islice, zip_longest
from typing import Generic, TypeVar

from polity_membership.domain.errors import Refused
from polity_membership.domain.likeness import Proposal

E = TypeVar("E")
MAX_BYTES = 5_000_000
MAX_ROWS = 10_000
MAX_FAULTS = 10_000
"""How many faults of the heading or the encoding are told: a file that is no table needs no more."""
SHOWN_CHARACTERS = 80
"""How much of a faulty cell is shown to whoever sent it."""
MOST_HEADINGS = 100
"""Up to how many headings the column probably meant is looked for."""
SEPARATORS = (",", ";", "\t")
"""Spreadsheets write what their country writes: semicolons where the comma is the decimal sign."""


@dataclass(frozen=True, slots=True)
class Fault:
    """`line` counts the file's lines from 1; `reason` is stable; `field` is None where the whole line is meant.

    `hint` is the earlier line of a duplicate, or the column that was probably meant.
    """

    line: int
    field: str | None
    reason: str
    value: str | None = None
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class Columns:
    """The headings a file may have, in the order of a sample; those not `optional` must be there."""

    names: tuple[str, ...]
    optional: frozenset[str]


@dataclass(frozen=True, slots=True)
class Row:
    """A row as it stands, the corrections made: heading to cell."""

    line: int
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Changes:
    """What the sender decided about the file's lines.

    `corrections` are line to heading to cell; `answers` are (line, key of the place it resembles) to whether the two
    are the same place. With `set_aside_faulty` every row is set aside that is faulty after that.
    """

    corrections: Mapping[int, Mapping[str, str]] = field(default_factory=dict)
    set_aside: frozenset[int] = frozenset()
    answers: Mapping[tuple[int, str], bool] = field(default_factory=dict)
    set_aside_faulty: bool = False


NO_CHANGES = Changes()


@dataclass(frozen=True, slots=True)
class Upload:
    """A file and what was decided about its lines."""

    data: bytes
    changes: Changes = NO_CHANGES


@dataclass(slots=True)
class Reading(Generic[E]):
    """`rows` counts the rows below the headings: good, faulty, set aside and already there.

    `cells` are those of each faulty row, by line.
    """

    columns: tuple[str, ...] = ()
    rows: int = 0
    entries: list[E] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    cells: dict[int, Mapping[str, str]] = field(default_factory=dict)
    proposals: list[Proposal] = field(default_factory=list)
    set_aside: int = 0
    already_there: int = 0

    @property
    def held_back(self) -> bool:
        """Returns whether something must be corrected, set aside or answered before the rest can be imported."""
        return bool(self.faults or self.proposals)


class NotCsv(ValueError):
    """The text can't be taken apart from `line` on."""

    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


class ImportRefused(Refused):
    """A file with faults or open questions: nothing of it was taken over."""

    slug = "import_refused"
    category = "invalid"

    def __init__(self, reading: Reading[E]) -> None:
        super().__init__(self.slug)
        self.reading = reading


RowReader = Callable[[Row, list[Fault]], E | None]
"""Reads one row, or adds its faults and returns None."""


def read_sheet(upload: Upload, columns: Columns, read_row: RowReader[E]) -> Reading[E]:
    """Returns what `read_row` makes of the rows not set aside, and every fault of a CSV file in UTF-8."""
    reading: Reading[E] = Reading()
    data = upload.data
    if len(data) > MAX_BYTES:
        reading.faults.append(Fault(1, None, "too_large"))
        return reading
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in data[:4]:
        reading.faults.append(Fault(1, None, "utf_16"))
        return reading
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        found = (Fault(line, None, "wrong_encoding") for line in _undecodable(data))
        reading.faults.extend(islice(found, MAX_FAULTS))
        return reading
    try:
        _read(_records(text, _separator(text, columns)), columns, upload.changes, read_row, reading)
    except NotCsv as broken:
        reading.faults.append(Fault(broken.line, None, "not_csv"))
    return reading


def _undecodable(data: bytes) -> Iterator[int]:
    for number, line in enumerate(data.split(b"\n"), 1):
        try:
            line.decode()
        except UnicodeDecodeError:
            yield number


def _separator(text: str, columns: Columns) -> str:
    headings = text.lstrip("\r\n ").partition("\n")[0]

    def known(separator: str) -> int:
        return sum(cell.strip(' "\r').lower() in columns.names for cell in headings.split(separator))

    return max(SEPARATORS, key=known)


def _records(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Yields each record with the line it begins on: a quoted cell may span several. Raises NotCsv."""
    lines = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=separator)
    begins = 1
    try:
        for record in lines:
            if record:
                yield begins, record
            begins = lines.line_num + 1
    except csv.Error:
        raise NotCsv(begins) from None


def _read(
    records: Iterator[tuple[int, list[str]]],
    columns: Columns,
    changes: Changes,
    read_row: RowReader[E],
    reading: Reading[E],
) -> None:
    heading_line, headings = next(records, (1, []))
    names = [cell.strip().lower() for cell in headings]
    reading.faults += islice(_heading_faults(heading_line, names, columns), MAX_FAULTS)
    if reading.faults:
        return
    reading.columns = tuple(names)
    unseen = set(changes.corrections) | changes.set_aside
    for line, record in records:
        if reading.rows == MAX_ROWS:
            reading.faults.append(Fault(line, None, "too_many_rows"))
            return
        reading.rows += 1
        unseen.discard(line)
        if line in changes.set_aside:
            reading.set_aside += 1
        else:
            _take(line, record, changes.corrections.get(line), read_row, reading)
    if not reading.rows:
        reading.faults.append(Fault(heading_line, None, "no_rows"))
    reading.faults += [Fault(line, None, "line_unknown") for line in sorted(unseen)]


def _heading_faults(line: int, names: list[str], columns: Columns) -> Iterator[Fault]:
    if not names:
        yield Fault(line, None, "empty_file")
        return
    missing = [column for column in columns.names if column not in names]
    for column in columns.names:
        if column in missing and column not in columns.optional:
            yield Fault(line, column, "column_missing")
        if names.count(column) > 1:
            yield Fault(line, column, "column_repeated")
    for name in names:
        if name not in columns.names:
            shown = name[:SHOWN_CHARACTERS]
            # A file of a thousand columns is no register with a slip of the pen.
            near = get_close_matches(shown.replace(" ", "_"), missing, 1) if len(names) < MOST_HEADINGS else []
            yield Fault(line, None, "column_unknown", shown, near[0] if near else None)


def _take(
    line: int, record: list[str], corrected: Mapping[str, str] | None, read_row: RowReader[E], reading: Reading[E]
) -> None:
    names = reading.columns
    cells = dict(zip_longest(names, record[: len(names)], fillvalue="")) | dict(corrected or {})
    before = len(reading.faults)
    # Whoever corrects a row of too few or too many cells has seen them under their headings.
    if len(record) != len(names) and corrected is None:
        reading.faults.append(Fault(line, None, "cell_count"))
    reading.faults += [Fault(line, name, "column_unknown") for name in cells if name not in names]
    entry = None if len(reading.faults) > before else read_row(Row(line, cells), reading.faults)
    if entry is None:
        reading.cells[line] = cells
    else:
        reading.entries.append(entry)


def drop_repeated(reading: Reading[E], key: Callable[[E], object], row: Callable[[E], Row]) -> None:
    """Makes a fault of each entry whose key an earlier one has; the fault names the earlier line."""
    seen: dict[object, int] = {}
    good: list[E] = []
    for entry in reading.entries:
        place, given = key(entry), row(entry)
        if place in seen:
            name = given.cells.get("name", "")[:SHOWN_CHARACTERS]
            reading.faults.append(Fault(given.line, "name", "duplicate_in_file", name or None, str(seen[place])))
            reading.cells[given.line] = given.cells
        else:
            seen[place] = given.line
            good.append(entry)
    reading.entries = good
    reading.faults.sort(key=lambda fault: fault.line)


def set_faulty_aside(reading: Reading[E]) -> None:
    """Counts faulty rows as set aside; faults of the file itself stay."""
    reading.set_aside += len(reading.cells)
    reading.faults = [fault for fault in reading.faults if fault.line not in reading.cells]
    reading.cells.clear()
