"""What membership publishes of mandates: what a person may do."""

from datetime import datetime
from uuid import UUID

from polity_contracts import topics
from polity_contracts.envelope import Fact, Visibility


class MandateGranted(Fact):
    """The person may act in `role` for `scope_id` (a network, a local government; None for the whole platform).

    Roles (open list): `secretariat`, `representative`, `operator`.
    """

    type = "membership.mandate_granted"
    topic = topics.MANDATES.name
    visibility = Visibility.PRIVATE
    visibility_reason = "It says of a person, by an id, what they may do."

    mandate_id: UUID
    person_id: UUID
    role: str
    scope_id: UUID | None
    language: str
    granted_at: datetime


class MandateLinked(Fact):
    """The mandate's person signed in: from now on `subject` (the token's `sub`) acts under it."""

    type = "membership.mandate_linked"
    topic = topics.MANDATES.name
    visibility = Visibility.PRIVATE
    visibility_reason = "It leads to a person's account."

    mandate_id: UUID
    subject: str
    linked_at: datetime


class MandateEnded(Fact):
    type = "membership.mandate_ended"
    topic = topics.MANDATES.name
    visibility = Visibility.PRIVATE
    visibility_reason = "It says of a person, by way of the mandate, what they may do no longer."

    mandate_id: UUID
    ended_at: datetime
