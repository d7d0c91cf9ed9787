"""Commitments of earlier waves from CSV: what a row must say, and which place of the register it is about."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from functools import partial
from uuid import UUID
from zoneinfo import ZoneInfo

from polity_membership.domain.campaigns import RANKED_THEMES, Campaign
from polity_membership.domain.cells import CELLS, Bad, CellReader, Reference, cell_of_text
from polity_membership.domain.commitments import EARLIEST_ZONE, Pledge
from polity_membership.domain.likeness import Place, Proposal, compare
from polity_membership.domain.local_governments import PlaceKey
from polity_membership.domain.register import COLUMNS as PLACE_COLUMNS
from polity_membership.domain.register import CONTACT, Contact, Entry, read_cells, read_place
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

THEMES = ("theme1", "theme2", "theme3")
REQUIRED = ("wave", "committed_at", "signed_on", "signatory_name", "signatory_office", *THEMES)
OPTIONAL = ("local_government_id", *PLACE_COLUMNS.names, "invited_on", "interested_on")
COLUMNS = Columns((*OPTIONAL, *REQUIRED), frozenset(OPTIONAL))
EARLIEST = date(1900, 1, 1)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class EarlierEntry:
    """One good row. `place` is None where `local_government_id` says which it is."""

    row: Row
    local_government_id: UUID | None
    place: Entry | None
    contact: Contact | None
    wave: str
    invited_at: datetime
    interested_at: datetime | None
    committed_at: datetime
    pledge: Pledge
    signatory_name: str
    signatory_office: str

    @property
    def key(self) -> UUID | PlaceKey | None:
        """Returns what makes two rows the same place."""
        return self.local_government_id or (self.place.place if self.place else None)


@dataclass(frozen=True, slots=True)
class KnownPlace:
    """A place of the register, its contact, and how far it has come in the campaign."""

    id: UUID
    contact_id: UUID | None
    language: str | None
    invitation_id: UUID | None
    committed: bool


def read_earlier(upload: Upload, campaign: Campaign, reference: Reference, now: datetime) -> Reading[EarlierEntry]:
    """Returns the good rows and every fault. Days and times are those of the campaign's zone, a day alone its noon."""
    readers = _readers(campaign, now)

    def read_row(row: Row, faults: list[Fault]) -> EarlierEntry | None:
        return _entry(row, readers, reference, faults)

    reading = read_sheet(upload, COLUMNS, read_row)
    drop_repeated(reading, lambda entry: entry.key, lambda entry: entry.row)
    return reading


def _readers(campaign: Campaign, now: datetime) -> dict[str, CellReader]:
    moment = partial(_moment, zone=ZoneInfo(campaign.reply_by.time_zone), now=now)
    theme = partial(_theme, campaign=campaign)
    return {
        "local_government_id": _id,
        "wave": cell_of_text,
        "invited_on": moment,
        "interested_on": moment,
        "committed_at": moment,
        "signed_on": _day,
        "signatory_name": cell_of_text,
        "signatory_office": cell_of_text,
        **dict.fromkeys(THEMES, theme),
    }


def _entry(
    row: Row, readers: Mapping[str, CellReader], reference: Reference, faults: list[Fault]
) -> EarlierEntry | None:
    before = len(faults)
    named = bool(row.cells.get("local_government_id", "").strip())
    place = None if named else read_place(row, reference, faults)
    contact = _contact(row, reference, faults) if named else place.contact if place else None
    values = read_cells(row, readers, set(REQUIRED), reference, faults)
    if values is None or len(faults) > before:
        return None
    themes = tuple(values.pop(name) for name in THEMES)
    pledge = Pledge(themes, values.pop("signed_on"))
    faults += _contradictions(row, values, pledge)
    if len(faults) > before:
        return None
    committed, interested = values["committed_at"], values.pop("interested_on")
    invited = values.pop("invited_on") or interested or committed
    return EarlierEntry(
        row=row,
        place=place,
        contact=contact,
        pledge=pledge,
        # Two events of one day, one of which has no time, stand in their order.
        invited_at=min(invited, interested or committed, committed),
        interested_at=interested and min(interested, committed),
        **values,
    )


def _contact(row: Row, reference: Reference, faults: list[Fault]) -> Contact | None:
    if not any(row.cells.get(name, "").strip() for name in ("contact_name", "contact_email")):
        return None
    values = read_cells(row, {name: CELLS[name] for name in CONTACT}, set(CONTACT), reference, faults)
    return Contact(values["contact_name"], values["contact_email"], values["language"]) if values else None


def _contradictions(row: Row, values: Mapping[str, datetime | None], pledge: Pledge) -> Iterable[Fault]:
    committed = values["committed_at"]
    assert committed is not None
    if len(set(pledge.themes)) < RANKED_THEMES:
        yield Fault(row.line, "theme1", "themes_invalid")
    if pledge.signed_on > (committed + EARLIEST_ZONE).date():
        yield Fault(row.line, "signed_on", "signed_after_pledge", row.cells["signed_on"][:SHOWN_CHARACTERS])
    later = committed
    for name in ("interested_on", "invited_on"):
        moment = values[name]
        if moment is None:
            continue
        if moment.date() > later.date():
            yield Fault(row.line, name, "dates_out_of_order", row.cells[name][:SHOWN_CHARACTERS])
        later = min(moment, later)


def _id(value: str, _: Reference) -> UUID:
    try:
        return UUID(value.strip())
    except ValueError:
        raise Bad("not_an_id") from None


def _theme(value: str, _: Reference, *, campaign: Campaign) -> str:
    code = value.strip().lower()
    if code not in campaign.themes:
        raise Bad("unknown_theme")
    return code


def _day(value: str, _: Reference) -> date:
    text = value.strip()
    if not _DATE.fullmatch(text):
        raise Bad("not_a_date")
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise Bad("not_a_date") from None
    if day < EARLIEST:
        raise Bad("out_of_range")
    return day


def _moment(value: str, reference: Reference, *, zone: ZoneInfo, now: datetime) -> datetime:
    """Returns the instant in UTC of a day, a day and time in the zone, or an instant with its offset."""
    text = value.strip()
    if _day(text[:10], reference).year > now.year + 1:
        # Near the end of the calendar there is no such moment in UTC.
        raise Bad("in_the_future")
    if _MOMENT.fullmatch(text):
        try:
            given = datetime.fromisoformat(text)
        except ValueError:
            raise Bad("not_a_date") from None
        at = (given if given.tzinfo else given.replace(tzinfo=zone)).astimezone(UTC)
        late = at > now
    else:
        day = _day(text, reference)
        late = day > now.astimezone(zone).date()
        at = min(datetime.combine(day, time(12), zone).astimezone(UTC), now)
    if late:
        raise Bad("in_the_future")
    return at


@dataclass(frozen=True, slots=True)
class Found:
    """A row and the place of the register that it is about, None for one to be registered."""

    entry: EarlierEntry
    known: KnownPlace | None

    @property
    def has_contact(self) -> bool:
        return bool(self.entry.contact or (self.known and self.known.contact_id))


@dataclass(frozen=True, slots=True)
class Matched:
    """Which place of the register each row is about, by line: None for one to be registered.

    `repeated` rows were said to be an earlier row of the file, which stands for both.
    """

    places: Mapping[int, UUID | None]
    proposals: list[Proposal]
    repeated: int

    def ids(self) -> set[UUID]:
        """Returns the places of the register that the rows are about."""
        return {place for place in self.places.values() if place}


def match_places(reading: Reading[EarlierEntry], register: Iterable[Place], changes: Changes) -> Matched:
    """Returns which places the rows are about, by id or by name, and which of them must be asked.

    Seconds for ten thousand rows and as many places: not within a transaction.
    """
    known = list(register)
    there = {(place.name, place.country, place.latitude, place.longitude): UUID(place.key) for place in known}
    named = {entry.row.line: entry.place for entry in reading.entries if entry.place}
    others = [(line, place.comparable) for line, place in named.items() if place.place not in there]
    compared = compare(others, known, changes.answers)
    places = {entry.row.line: entry.local_government_id for entry in reading.entries}
    places |= {line: there.get(place.place) for line, place in named.items()}
    repeated = [line for line, same in compared.same.items() if same.key.isdigit()]
    places |= {line: UUID(same.key) for line, same in compared.same.items() if line not in repeated}
    return Matched(
        {line: place for line, place in places.items() if line not in repeated}, compared.proposals, len(repeated)
    )


def find_places(
    read: Reading[EarlierEntry], matched: Matched, register: Iterable[KnownPlace], changes: Changes
) -> tuple[Reading[EarlierEntry], list[Found]]:
    """Returns what would be imported, and the reading completed by what only the register can tell.

    `register` has the places that are matched, as they stand now.
    """
    reading = replace(read, faults=list(read.faults), cells=dict(read.cells), proposals=matched.proposals)
    reading.set_aside += matched.repeated
    found = _once(reading, _found(reading, matched, {place.id: place for place in register}))
    ready = [one for one in found if not (one.known and one.known.committed)]
    reading.already_there = len(found) - len(ready)
    asked = {proposal.line for proposal in reading.proposals}
    for one in ready:
        # Perhaps it is a place whose contact is known.
        if not one.has_contact and one.entry.row.line not in asked:
            _fault(reading, one.entry, "contact_email", "contact_missing")
    if changes.set_aside_faulty:
        set_faulty_aside(reading)
    reading.faults.sort(key=lambda fault: fault.line)
    ready = [one for one in ready if one.has_contact or one.entry.row.line in asked]
    reading.entries = [one.entry for one in ready]
    return reading, ready


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
        line = one.entry.row.line
        if one.known and seen.setdefault(one.known.id, line) != line:
            _fault(reading, one.entry, "name", "duplicate_in_file", str(seen[one.known.id]))
        else:
            kept.append(one)
    return kept


def _fault(
    reading: Reading[EarlierEntry], entry: EarlierEntry, field: str, reason: str, hint: str | None = None
) -> None:
    row = entry.row
    value = row.cells.get(field, "")[:SHOWN_CHARACTERS]
    reading.faults.append(Fault(row.line, field if field in row.cells else None, reason, value or None, hint))
    reading.cells[row.line] = row.cells
