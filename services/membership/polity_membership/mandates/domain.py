"""Mandates: which person may act in which role for whom. A sign-in is linked to one by accepting its link."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from polity_contracts.membership.mandates import MandateEnded, MandateGranted, MandateLinked

from polity_membership.mandates.errors import MandateAlreadyLinked, MandateHasEnded
from polity_membership.values.link_generations import check_generation

SECRETARIAT = "secretariat"


REPRESENTATIVE = "representative"


OPERATOR = "operator"


GRANTABLE = (SECRETARIAT, REPRESENTATIVE)
"""Roles that a secretariat may grant; an operator's mandate is only granted on the server itself."""


@dataclass(slots=True)
class Mandate:
    """`scope_id` is a network or a local government, None for the whole platform."""

    id: UUID
    person_id: UUID
    role: str
    scope_id: UUID | None
    language: str
    granted_at: datetime
    subject: str | None = None
    linked_at: datetime | None = None
    ended_at: datetime | None = None
    link_generation: int = 1
    fact_sequence: int = 0

    def grant(self) -> MandateGranted:
        """Returns the fact of the grant."""
        return MandateGranted(
            mandate_id=self.id,
            person_id=self.person_id,
            role=self.role,
            scope_id=self.scope_id,
            language=self.language,
            granted_at=self.granted_at,
        )

    def accept(self, subject: str, generation: int, now: datetime) -> MandateLinked | None:
        """Links a sign-in (the token's `sub`). Returns None if it is linked to that one already.

        Raises LinkUnknown, LinkRevoked, MandateHasEnded or MandateAlreadyLinked.
        """
        check_generation(generation, self.link_generation)
        if self.ended_at is not None:
            raise MandateHasEnded
        if self.subject == subject:
            return None
        if self.subject is not None:
            raise MandateAlreadyLinked
        self.subject, self.linked_at = subject, now
        return MandateLinked(mandate_id=self.id, subject=subject, linked_at=now)

    def end(self, now: datetime) -> MandateEnded | None:
        """Ends the mandate. Returns None if it has ended already."""
        if self.ended_at is not None:
            return None
        self.ended_at = now
        return MandateEnded(mandate_id=self.id, ended_at=now)

    def forget_subject(self) -> None:
        """Forgets which sign-in acted under the mandate: part of a person's erasure."""
        self.subject = None
