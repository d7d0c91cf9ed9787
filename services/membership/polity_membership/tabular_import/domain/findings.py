"""What was found in a file, row by row: faults, questions, proposals and differences."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Generic, TypeVar
from uuid import UUID

from polity_membership.errors import Refused
from polity_membership.tabular_import.domain.duplicate_detection import Comparison, Proposal

E = TypeVar("E")
SHOWN_CHARACTERS = 80
"""How much of a faulty cell is shown to whoever sent it."""
CONFIRMABLE = frozenset({"outside_country"})
"""What is asked about and may be right as it stands."""
ASKED = CONFIRMABLE | {"hour_skipped", "hour_twice"}
"""What is no fault of the cell but may not be meant: whoever sent it is asked."""


@dataclass(frozen=True, slots=True)
class Fault:
    """`line` counts the file's lines from 1; `reason` is stable; `field` is None where the whole line is meant.

    `hint` is the earlier line of a duplicate, or the column that was probably meant. Each of `suggestions` is what may
    be written instead, heading to cell.
    """

    line: int
    field: str | None
    reason: str
    value: str | None = None
    hint: str | None = None
    suggestions: tuple[Mapping[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """A row as it stands, the corrections made: heading to cell. `confirmed` are reasons to ask that were answered."""

    line: int
    cells: Mapping[str, str]
    confirmed: frozenset[str] = frozenset()


class RowStatus(StrEnum):
    """What becomes of a row; each has one status."""

    ACCEPTED = "accepted"
    TO_UPDATE = "to_update"
    ALREADY_THERE = "already_there"
    SET_ASIDE = "set_aside"
    FAULTY = "faulty"
    TO_BE_DECIDED = "to_be_decided"


Value = str | float | None


@dataclass(frozen=True, slots=True)
class Change:
    """A field in which the file differs from the register."""

    field: str
    old: Value
    new: Value


@dataclass(frozen=True, slots=True)
class Difference:
    """The row at `line` differs from the register; `taken` says whether the register takes its values."""

    line: int
    local_government_id: UUID
    name: str
    changes: tuple[Change, ...]
    taken: bool


@dataclass(slots=True)
class Reading(Generic[E]):
    """`statuses` has every row below the headings, by line; `cells` those of each row that is faulty or asked about.

    `entries` are the rows that were read, those of `questions` (by line) and `proposals` among them; `known` are those
    that the register has already, each with its id there.
    """

    columns: tuple[str, ...] = ()
    statuses: dict[int, RowStatus] = field(default_factory=dict)
    entries: list[E] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    questions: dict[int, list[Fault]] = field(default_factory=dict)
    cells: dict[int, Mapping[str, str]] = field(default_factory=dict)
    proposals: list[Proposal] = field(default_factory=list)
    known: list[tuple[E, UUID]] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)

    @property
    def held_back(self) -> bool:
        """Returns whether something must be corrected, set aside or answered before the rest can be imported."""
        return bool(self.faults) or RowStatus.TO_BE_DECIDED in self.statuses.values()

    def counts(self) -> Mapping[str, int]:
        """Returns how many `rows` there are, and how many of each standing, which add up to them."""
        counted = Counter(self.statuses.values())
        return {"rows": len(self.statuses), **{standing.value: counted[standing] for standing in RowStatus}}

    def copy(self) -> "Reading[E]":
        """Returns the same to be completed, while this one can be completed once more."""
        return replace(
            self,
            statuses=dict(self.statuses),
            faults=list(self.faults),
            questions=dict(self.questions),
            cells=dict(self.cells),
            known=list(self.known),
            differences=list(self.differences),
        )

    def refuse(self, row: Row, fault: Fault) -> None:
        """Makes the row faulty; its fault is told, and nothing is asked about it before that is mended."""
        self.settle(row.line, RowStatus.FAULTY)
        self.faults.append(fault)
        self.cells[row.line] = row.cells

    def settle(self, line: int, status: RowStatus) -> None:
        """Sets the row's status and drops its questions."""
        self.statuses[line] = status
        self.cells.pop(line, None)
        self.questions.pop(line, None)

    def propose(self, compared: Comparison) -> None:
        """Sets the rows with proposals, and those compared after them, to be decided."""
        self.proposals = compared.proposals
        self.statuses |= dict.fromkeys(compared.asked, RowStatus.TO_BE_DECIDED)


class ImportRefused(Refused):
    """The file has faults or open questions; nothing was imported."""

    slug = "import_refused"
    category = "invalid"

    def __init__(self, reading: Reading[E]) -> None:
        super().__init__(self.slug)
        self.reading = reading


def faulty(faults: Iterable[Fault]) -> bool:
    """Returns whether one of them is a fault rather than a question."""
    return any(fault.reason not in ASKED for fault in faults)


def drop_repeated(reading: Reading[E], key: Callable[[E], object], row: Callable[[E], Row]) -> None:
    """Makes a fault of each entry whose key an earlier one has; the fault names the earlier line."""
    seen: dict[object, int] = {}
    good: list[E] = []
    for entry in reading.entries:
        found, given = key(entry), row(entry)
        if found in seen:
            name = given.cells.get("name", "")[:SHOWN_CHARACTERS]
            fault = Fault(given.line, "name", "duplicate_in_file", name or None, str(seen[found]))
            reading.refuse(given, fault)
        else:
            seen[found] = given.line
            good.append(entry)
    reading.entries = good
    reading.faults.sort(key=lambda fault: fault.line)


def set_faulty_aside(reading: Reading[E]) -> None:
    """Counts faulty rows as set aside; faults of the file itself stay."""
    aside = {line for line, standing in reading.statuses.items() if standing is RowStatus.FAULTY}
    reading.faults = [fault for fault in reading.faults if fault.line not in aside]
    for line in aside:
        reading.settle(line, RowStatus.SET_ASIDE)
