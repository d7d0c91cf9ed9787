"""What a register says of a local government now, beside what a file says of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from polity_membership.local_governments.domain import LocalGovernment
from polity_membership.people.domain import Person
from polity_membership.register_imports.domain.rows import Entry
from polity_membership.tabular_import.domain.findings import Change, Difference, Reading, RowStatus
from polity_membership.tabular_import.domain.reading import Changes

VALUES = ("name", "subdivision", "latitude", "longitude", "population", "time_zone")
CONTACT = {"contact_name": "name", "contact_email": "email", "language": "language"}


@dataclass(frozen=True, slots=True)
class Registered:
    """A local government of the register with its contact, None where it has none."""

    local_government: LocalGovernment
    contact: Person | None


def with_differences(read: Reading[Entry], registered: Mapping[UUID, Registered], changes: Changes) -> Reading[Entry]:
    """Returns the reading with the differences of rows that the register has, and which of them are to be updated."""
    reading = read.copy()
    for entry, known in reading.known:
        changed = differences(entry, registered[known])
        if not changed:
            continue
        line = entry.row.line
        taken = changes.update_all or line in changes.updates
        reading.differences.append(Difference(line, known, registered[known].local_government.name, changed, taken))
        if taken:
            reading.settle(line, RowStatus.TO_UPDATE)
    return reading


def differences(entry: Entry, known: Registered) -> tuple[Change, ...]:
    """Returns what the row says otherwise than the register. A cell that is empty says nothing."""
    said = [(name, getattr(known.local_government, name), getattr(entry, name)) for name in VALUES]
    if entry.contact:
        said += [
            (field, getattr(known.contact, name) if known.contact else None, getattr(entry.contact, name))
            for field, name in CONTACT.items()
        ]
    return tuple(Change(field, old, new) for field, old, new in said if new is not None and new != old)
