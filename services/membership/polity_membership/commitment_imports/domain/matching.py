"""Commitments of earlier waves: which place of the register each row is about, and how far it has come."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from polity_membership.commitment_imports.domain.rows import EarlierEntry
from polity_membership.tabular_import.domain.duplicate_detection import Comparison, Place, compare
from polity_membership.tabular_import.domain.findings import (
    SHOWN_CHARACTERS,
    Fault,
    Reading,
    Standing,
    set_faulty_aside,
)
from polity_membership.tabular_import.domain.reading import Changes


@dataclass(frozen=True, slots=True)
class KnownPlace:
    """A place of the register, its contact, and how far it has come in the campaign."""

    id: UUID
    contact_id: UUID | None
    language: str | None
    invitation_id: UUID | None
    committed: bool


@dataclass(frozen=True, slots=True)
class Found:
    """A row and the place of the register that it is about, None for one to be registered."""

    entry: EarlierEntry
    known: KnownPlace | None

    @property
    def line(self) -> int:
        return self.entry.row.line

    @property
    def has_contact(self) -> bool:
        return bool(self.entry.contact or (self.known and self.known.contact_id))


@dataclass(frozen=True, slots=True)
class Matched:
    """Which place of the register each row is about, by line: None for one to be registered.

    `repeated` rows were said to be an earlier row of the file, which stands for both.
    """

    places: Mapping[int, UUID | None]
    compared: Comparison
    repeated: frozenset[int]

    def ids(self) -> set[UUID]:
        """Returns the places of the register that the rows are about."""
        return {place for place in self.places.values() if place}


def match_places(reading: Reading[EarlierEntry], register: Iterable[Place], changes: Changes) -> Matched:
    """Returns which places the rows are about, by id or by name, and which of them must be asked.

    Seconds for ten thousand rows and as many places: not within a transaction.
    """
    known = list(register)
    there = {place.identity: UUID(place.key) for place in known}
    named = {entry.row.line: entry.place for entry in reading.entries if entry.place}
    others = [(line, place.comparable) for line, place in named.items() if place.place not in there]
    compared = compare(others, known, changes.answers)
    places = {entry.row.line: entry.local_government_id for entry in reading.entries}
    places |= {line: there.get(place.place) for line, place in named.items()}
    repeated = frozenset(line for line, same in compared.same.items() if same.is_row)
    places |= {line: UUID(same.key) for line, same in compared.same.items() if line not in repeated}
    return Matched({line: place for line, place in places.items() if line not in repeated}, compared, repeated)


def find_places(
    read: Reading[EarlierEntry], matched: Matched, register: Iterable[KnownPlace], changes: Changes
) -> tuple[Reading[EarlierEntry], list[Found]]:
    """Returns what would be imported, and the reading completed by what only the register can tell.

    `register` has the places that are matched, as they stand now.
    """
    reading = read.copy()
    for line in matched.repeated:
        reading.settle(line, Standing.SET_ASIDE)
    found = _once(reading, _found(reading, matched, {place.id: place for place in register}))
    for one in found:
        if one.known:
            # It is where the register has it, so nothing is to be asked about its position.
            reading.settle(one.line, Standing.ALREADY_THERE if one.known.committed else Standing.ACCEPTED)
    reading.propose(matched.compared)
    ready = [one for one in found if not (one.known and one.known.committed)]
    for one in ready:
        # Perhaps it is a place whose contact is known.
        if not one.has_contact and one.line not in matched.compared.asked:
            _fault(reading, one.entry, "contact_email", "contact_missing")
    if changes.set_aside_faulty:
        set_faulty_aside(reading)
    reading.faults.sort(key=lambda fault: fault.line)
    return reading, [one for one in ready if reading.standing[one.line] is Standing.ACCEPTED]


def _found(reading: Reading[EarlierEntry], matched: Matched, known: Mapping[UUID, KnownPlace]) -> list[Found]:
    found = []
    for entry in reading.entries:
        if entry.row.line not in matched.places:
            continue
        place_id = matched.places[entry.row.line]
        if place_id and place_id not in known:
            _fault(reading, entry, "local_government_id", "local_government_unknown")
        else:
            found.append(Found(entry, known[place_id] if place_id else None))
    return found


def _once(reading: Reading[EarlierEntry], found: list[Found]) -> list[Found]:
    """One place may be named by its id in one row and by its name in another."""
    seen: dict[UUID, int] = {}
    kept = []
    for one in found:
        if one.known and seen.setdefault(one.known.id, one.line) != one.line:
            _fault(reading, one.entry, "name", "duplicate_in_file", str(seen[one.known.id]))
        else:
            kept.append(one)
    return kept


def _fault(
    reading: Reading[EarlierEntry], entry: EarlierEntry, field: str, reason: str, hint: str | None = None
) -> None:
    row = entry.row
    value = row.cells.get(field, "")[:SHOWN_CHARACTERS]
    reading.refuse(row, Fault(row.line, field if field in row.cells else None, reason, value or None, hint))
