"""Commitments of earlier waves, read from a table: what a row must say."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID
from zoneinfo import ZoneInfo

from polity_membership.campaigns.domain import RANKED_THEMES, Campaign
from polity_membership.commitments.domain import EARLIEST_ZONE, CommitmentContent
from polity_membership.errors import InvalidValue
from polity_membership.local_governments.domain import LocalGovernmentKey
from polity_membership.reference_data.domain import Reference
from polity_membership.register_imports.domain.rows import COLUMNS as PLACE_COLUMNS
from polity_membership.register_imports.domain.rows import CONTACT, Contact, Entry, read_cells, read_local_government
from polity_membership.tabular_import.domain.field_parsers import FIELD_PARSERS, FieldParser
from polity_membership.tabular_import.domain.findings import (
    SHOWN_CHARACTERS,
    Fault,
    Reading,
    Row,
    drop_repeated,
    faulty,
)
from polity_membership.tabular_import.domain.reading import Changes, Columns, Table, read_table
from polity_membership.values.days import day, moment
from polity_membership.values.texts import seen

THEMES = ("theme1", "theme2", "theme3")
REQUIRED = ("wave", "committed_at", "signed_on", "signatory_name", "signatory_office", *THEMES)
OPTIONAL = ("local_government_id", *PLACE_COLUMNS.names, "invited_on", "interested_on")
COLUMNS = Columns((*OPTIONAL, *REQUIRED), frozenset(OPTIONAL))


@dataclass(frozen=True, slots=True)
class ImportedCommitment:
    """One good row. `local_government` is None where `local_government_id` says which it is."""

    row: Row
    local_government_id: UUID | None
    local_government: Entry | None
    contact: Contact | None
    wave: str
    invited_at: datetime
    interested_at: datetime | None
    committed_at: datetime
    content: CommitmentContent
    signatory_name: str
    signatory_office: str

    @property
    def key(self) -> UUID | LocalGovernmentKey | None:
        """Returns what makes two rows the same local government."""
        return self.local_government_id or (self.local_government.key if self.local_government else None)


def read_commitments(
    table: Table, changes: Changes, campaign: Campaign, reference: Reference, now: datetime
) -> Reading[ImportedCommitment]:
    """Returns the rows that could be read, every fault and every question.

    Days and times are those of the campaign's zone, a day alone its noon.
    """
    readers = _readers(campaign, now)

    def read_row(row: Row, faults: list[Fault]) -> ImportedCommitment | None:
        return _entry(row, readers, reference, faults)

    reading = read_table(table, changes, COLUMNS, read_row)
    drop_repeated(reading, lambda entry: entry.key, lambda entry: entry.row)
    return reading


def _readers(campaign: Campaign, now: datetime) -> dict[str, FieldParser]:
    zone = ZoneInfo(campaign.reply_by.time_zone)

    def at(value: str, _: Reference) -> datetime:
        return moment(value, zone, now)

    return {
        "local_government_id": _id,
        "wave": FIELD_PARSERS["name"],
        "invited_on": at,
        "interested_on": at,
        "committed_at": at,
        "signed_on": lambda value, _: day(value),
        "signatory_name": FIELD_PARSERS["name"],
        "signatory_office": FIELD_PARSERS["name"],
        **dict.fromkeys(THEMES, partial(_theme, campaign=campaign)),
    }


def _entry(
    row: Row, readers: Mapping[str, FieldParser], reference: Reference, faults: list[Fault]
) -> ImportedCommitment | None:
    named = bool(seen(row.cells.get("local_government_id", "")))
    local_government = None if named else read_local_government(row, reference, faults)
    contact = _contact(row, reference, faults) if named else local_government.contact if local_government else None
    values = read_cells(row, readers, set(REQUIRED), reference, faults)
    if values is None or faulty(faults) or not (named or local_government):
        return None
    themes = tuple(values.pop(name) for name in THEMES)
    content = CommitmentContent(themes, values.pop("signed_on"))
    faults += _contradictions(row, values, content)
    if faulty(faults):
        return None
    committed, interested = values["committed_at"], values.pop("interested_on")
    invited = values.pop("invited_on") or interested or committed
    return ImportedCommitment(
        row=row,
        local_government=local_government,
        contact=contact,
        content=content,
        # Two events of one day, one of which has no time, stand in their order.
        invited_at=min(invited, interested or committed, committed),
        interested_at=interested and min(interested, committed),
        **values,
    )


def _contact(row: Row, reference: Reference, faults: list[Fault]) -> Contact | None:
    if not any(seen(row.cells.get(name, "")) for name in ("contact_name", "contact_email")):
        return None
    values = read_cells(row, {name: FIELD_PARSERS[name] for name in CONTACT}, set(CONTACT), reference, faults)
    return Contact(values["contact_name"], values["contact_email"], values["language"]) if values else None


def _contradictions(row: Row, values: Mapping[str, datetime | None], content: CommitmentContent) -> Iterable[Fault]:
    committed = values["committed_at"]
    assert committed is not None
    if len(set(content.themes)) < RANKED_THEMES:
        yield Fault(row.line, "theme1", "themes_invalid")
    if content.signed_on > (committed + EARLIEST_ZONE).date():
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
        return UUID(seen(value))
    except ValueError:
        raise InvalidValue("not_an_id") from None


def _theme(value: str, _: Reference, *, campaign: Campaign) -> str:
    code = seen(value).lower()
    if code not in campaign.themes:
        raise InvalidValue("unknown_theme")
    return code
