"""Commitments of earlier waves: which local government of the register each row is about, and how far it has come."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from polity_membership.commitment_imports.domain.rows import ImportedCommitment
from polity_membership.tabular_import.domain.duplicate_detection import ComparedLocalGovernment, Comparison, compare
from polity_membership.tabular_import.domain.findings import (
    SHOWN_CHARACTERS,
    Fault,
    Reading,
    RowStatus,
    set_faulty_aside,
)
from polity_membership.tabular_import.domain.reading import Changes


@dataclass(frozen=True, slots=True)
class KnownLocalGovernment:
    """A local government of the register, its contact, and how far it has come in the campaign."""

    id: UUID
    contact_id: UUID | None
    language: str | None
    invitation_id: UUID | None
    committed: bool


@dataclass(frozen=True, slots=True)
class MatchedRow:
    """A row and the local government of the register that it is about, None if it is to be registered."""

    entry: ImportedCommitment
    known: KnownLocalGovernment | None

    @property
    def line(self) -> int:
        return self.entry.row.line

    @property
    def has_contact(self) -> bool:
        return bool(self.entry.contact or (self.known and self.known.contact_id))


@dataclass(frozen=True, slots=True)
class Matches:
    """The id of the local government of the register that each row is about, by line; None if it isn't registered.

    `repeated` rows were said to be an earlier row of the file, which stands for both.
    """

    local_governments: Mapping[int, UUID | None]
    compared: Comparison
    repeated: frozenset[int]

    def ids(self) -> set[UUID]:
        """Returns the ids of the local governments of the register that the rows are about."""
        return {found for found in self.local_governments.values() if found}


def match_rows(
    reading: Reading[ImportedCommitment], register: Iterable[ComparedLocalGovernment], changes: Changes
) -> Matches:
    """Returns which local governments the rows are about, by id or by name, and which rows must be decided.

    Takes seconds for ten thousand rows: don't call it within a transaction.
    """
    known = list(register)
    ids = {each.identity: UUID(each.key) for each in known}
    named = {entry.row.line: entry.local_government for entry in reading.entries if entry.local_government}
    others = [(line, entry.compared) for line, entry in named.items() if entry.key not in ids]
    compared = compare(others, known, changes.answers)
    found = {entry.row.line: entry.local_government_id for entry in reading.entries}
    found |= {line: ids.get(entry.key) for line, entry in named.items()}
    repeated = frozenset(line for line, same in compared.same.items() if same.is_row)
    found |= {line: UUID(same.key) for line, same in compared.same.items() if line not in repeated}
    return Matches({line: id_ for line, id_ in found.items() if line not in repeated}, compared, repeated)


def resolve_rows(
    read: Reading[ImportedCommitment], matched: Matches, register: Iterable[KnownLocalGovernment], changes: Changes
) -> tuple[Reading[ImportedCommitment], list[MatchedRow]]:
    """Returns the reading completed by what the register tells, and the rows that would be imported.

    `register` holds the matched local governments.
    """
    reading = read.copy()
    for line in matched.repeated:
        reading.settle(line, RowStatus.SET_ASIDE)
    found = _once(reading, _found(reading, matched, {each.id: each for each in register}))
    for one in found:
        if one.known:
            # It is where the register has it, so nothing is to be asked about its position.
            reading.settle(one.line, RowStatus.ALREADY_THERE if one.known.committed else RowStatus.ACCEPTED)
    reading.propose(matched.compared)
    ready = [one for one in found if not (one.known and one.known.committed)]
    for one in ready:
        # Perhaps it is a local government whose contact is known.
        if not one.has_contact and one.line not in matched.compared.asked:
            _fault(reading, one.entry, "contact_email", "contact_missing")
    if changes.set_aside_faulty:
        set_faulty_aside(reading)
    reading.faults.sort(key=lambda fault: fault.line)
    return reading, [one for one in ready if reading.statuses[one.line] is RowStatus.ACCEPTED]


def _found(
    reading: Reading[ImportedCommitment], matched: Matches, known: Mapping[UUID, KnownLocalGovernment]
) -> list[MatchedRow]:
    found = []
    for entry in reading.entries:
        if entry.row.line not in matched.local_governments:
            continue
        local_government_id = matched.local_governments[entry.row.line]
        if local_government_id and local_government_id not in known:
            _fault(reading, entry, "local_government_id", "local_government_unknown")
        else:
            found.append(MatchedRow(entry, known[local_government_id] if local_government_id else None))
    return found


def _once(reading: Reading[ImportedCommitment], found: list[MatchedRow]) -> list[MatchedRow]:
    """Returns each local government's first row: it may be named by its id in one row and by its name in another."""
    seen: dict[UUID, int] = {}
    kept = []
    for one in found:
        if one.known and seen.setdefault(one.known.id, one.line) != one.line:
            _fault(reading, one.entry, "name", "duplicate_in_file", str(seen[one.known.id]))
        else:
            kept.append(one)
    return kept


def _fault(
    reading: Reading[ImportedCommitment], entry: ImportedCommitment, field: str, reason: str, hint: str | None = None
) -> None:
    row = entry.row
    value = row.cells.get(field, "")[:SHOWN_CHARACTERS]
    reading.refuse(row, Fault(row.line, field if field in row.cells else None, reason, value or None, hint))
