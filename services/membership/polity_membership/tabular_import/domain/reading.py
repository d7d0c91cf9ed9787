"""Reading a table row by row: each row is accepted, faulty, doubtful or set aside. Nothing is guessed."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from itertools import islice
from typing import TypeVar

from polity_membership.tabular_import.domain.findings import (
    ASKED,
    SHOWN_CHARACTERS,
    Fault,
    Reading,
    Row,
    RowStatus,
    faulty,
)

E = TypeVar("E")
MAX_BYTES = 5_000_000
MAX_ROWS = 10_000
MAX_FAULTS = 10_000
"""The most faults of headings or encoding that are reported."""
MOST_HEADINGS = 100
"""Up to how many headings the column probably meant is looked for."""

_ERROR = re.compile(r"#(N/A|GETTING_DATA|[^\W\d_][\w/ ]*[!?])")
"""What a spreadsheet shows, and writes, where a formula failed: #REF!, #BEZUG!, #NOME?"""


@dataclass(frozen=True, slots=True)
class Columns:
    """The headings a file may have, in the order of a sample; those not `optional` must be there."""

    names: tuple[str, ...]
    optional: frozenset[str]


@dataclass(frozen=True, slots=True)
class Changes:
    """What the sender decided about the file's lines.

    `corrections` map line to heading to cell; `answers` map (line, key of what it resembles) to whether the two are the
    same local government; `confirmed` maps lines to the reasons of questions whose row is right as it stands. The
    register takes over the values of the lines in `updates`, or with `update_all` of every row that it has. With
    `set_aside_faulty` rows that are still faulty are set aside. `sheet` is the sheet of a workbook to read.
    """

    corrections: Mapping[int, Mapping[str, str]] = field(default_factory=dict)
    set_aside: frozenset[int] = frozenset()
    answers: Mapping[tuple[int, str], bool] = field(default_factory=dict)
    confirmed: Mapping[int, frozenset[str]] = field(default_factory=dict)
    updates: frozenset[int] = frozenset()
    update_all: bool = False
    set_aside_faulty: bool = False
    sheet: str | None = None


NO_CHANGES = Changes()


@dataclass(frozen=True, slots=True)
class Upload:
    """A file and what was decided about its lines."""

    data: bytes
    changes: Changes = NO_CHANGES


@dataclass(slots=True)
class Table:
    """The records of a file, the headings first, each with the line that its sender sees; `faults` are the file's.

    `uncomputed` are the line and column, from 0, of formulas whose value isn't in the file.
    """

    records: Iterator[tuple[int, list[str]]]
    faults: list[Fault] = field(default_factory=list)
    uncomputed: frozenset[tuple[int, int]] = frozenset()


RowReader = Callable[[Row, list[Fault]], E | None]
"""Reads one row; or adds its faults, and what is to be asked about it, and returns None if nothing can be read."""


class NotReadable(ValueError):
    """The file can't be parsed from `line` on."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(line)
        self.line, self.reason = line, reason


def read_table(table: Table, changes: Changes, columns: Columns, read_row: RowReader[E]) -> Reading[E]:
    """Returns what `read_row` makes of the rows not set aside, every fault and every question."""
    reading: Reading[E] = Reading(faults=table.faults)
    if not table.faults:
        try:
            _read(table, columns, changes, read_row, reading)
        except NotReadable as broken:
            reading.faults.append(Fault(broken.line, None, broken.reason))
    return reading


def _read(
    table: Table,
    columns: Columns,
    changes: Changes,
    read_row: RowReader[E],
    reading: Reading[E],
) -> None:
    filled = (one for one in table.records if any(map(str.strip, one[1])))
    heading_line, headings = next(filled, (1, []))
    names = [cell.strip().lower() for cell in headings]
    reading.faults += islice(_heading_faults(heading_line, [name for name in names if name], columns), MAX_FAULTS)
    if reading.faults:
        return
    reading.columns = tuple(name for name in names if name)
    unseen = set(changes.corrections) | changes.set_aside
    for line, record in filled:
        if len(reading.statuses) == MAX_ROWS:
            reading.faults.append(Fault(line, None, "too_many_rows"))
            return
        unseen.discard(line)
        if line in changes.set_aside:
            reading.statuses[line] = RowStatus.SET_ASIDE
        else:
            uncomputed = {name for column, name in enumerate(names) if (line, column) in table.uncomputed}
            _take(_under(names, record, line, uncomputed), changes, read_row, reading)
    if not reading.statuses:
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


@dataclass(frozen=True, slots=True)
class _Record:
    """A row's cells by their headings; it `fits` where each heading has a cell and no cell without one says anything.

    `uncomputed` are the headings of formulas whose value isn't in the file.
    """

    line: int
    cells: dict[str, str]
    fits: bool
    uncomputed: set[str]


def _under(names: list[str], record: list[str], line: int, uncomputed: set[str]) -> _Record:
    last = max(column for column, name in enumerate(names) if name)
    padded = record + [""] * (len(names) - len(record))
    cells = {name: cell for name, cell in zip(names, padded, strict=False) if name}
    spare = [cell for column, cell in enumerate(record) if column >= len(names) or not names[column]]
    return _Record(line, cells, len(record) > last and not any(map(str.strip, spare)), uncomputed)


def _take(found: _Record, changes: Changes, read_row: RowReader[E], reading: Reading[E]) -> None:
    line, corrected = found.line, changes.corrections.get(found.line)
    row = Row(line, found.cells | dict(corrected or {}), changes.confirmed.get(line, frozenset()))
    faults = [Fault(line, name, "column_unknown") for name in row.cells if name not in reading.columns]
    faults += _without_value(row, found.uncomputed - set(corrected or {}))
    # Whoever corrects a row of too few or too many cells has seen them under their headings.
    if not found.fits and corrected is None:
        faults.append(Fault(line, None, "cell_count"))
    entry = None if faults else read_row(row, faults)
    if faulty(faults):
        reading.statuses[line], reading.cells[line] = RowStatus.FAULTY, row.cells
        reading.faults += [fault for fault in faults if fault.reason not in ASKED]
        return
    reading.statuses[line] = RowStatus.ACCEPTED
    if faults:
        reading.statuses[line], reading.cells[line] = RowStatus.TO_BE_DECIDED, row.cells
        reading.questions[line] = faults
    if entry is not None:
        reading.entries.append(entry)


def _without_value(row: Row, uncomputed: set[str]) -> Iterator[Fault]:
    """Yields a fault for each cell without a value: a formula that failed, or was never computed."""
    for name, cell in row.cells.items():
        if name in uncomputed:
            yield Fault(row.line, name, "formula_without_value", cell[:SHOWN_CHARACTERS])
        elif _ERROR.fullmatch(cell.strip()[:SHOWN_CHARACTERS]):
            yield Fault(row.line, name, "cell_error", cell.strip())
