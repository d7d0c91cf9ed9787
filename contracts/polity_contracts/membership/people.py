"""What membership publishes of people. Only PersonRecorded names anyone."""

from typing import ClassVar
from uuid import UUID

from polity_contracts import topics
from polity_contracts.envelope import Fact, Visibility


class PersonRecorded(Fact):
    """How a person is reached. The only fact that names anyone: compacted, erased by a tombstone."""

    type = "membership.person_recorded"
    topic = topics.PEOPLE.name
    visibility = Visibility.PRIVATE
    visibility_reason = "It names a person and how they are reached."

    person_id: UUID
    name: str
    email: str | None = None
    language: str


class PersonErased(Fact):
    """The person's data is gone; the record's value is null and its key the person's id."""

    type = "membership.person_erased"
    topic = topics.PEOPLE.name
    visibility = Visibility.PRIVATE
    visibility_reason = "It says that somebody was there."
    tombstone: ClassVar[bool] = True
