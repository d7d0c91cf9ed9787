"""Saved forms: what an office has filled in of an answer so far, kept for whoever goes on with it."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from uuid import UUID

KEPT_AFTER_DEADLINE = timedelta(days=30)
"""How long a saved form outlives the time to answer, and its last saving: a city may still be given more time."""


@dataclass(frozen=True, slots=True)
class Filled:
    """The fields of the form; what is still to come is None, a rank still to be given an empty text."""

    signatory_name: str | None = None
    signatory_office: str | None = None
    signed_on: date | None = None
    themes: tuple[str, ...] = ()

    def without_signatory(self) -> "Filled":
        """Returns the form without whoever was to sign."""
        return replace(self, signatory_name=None, signatory_office=None)


@dataclass(frozen=True, slots=True)
class AnswerDraft:
    """One invitation's form as last saved; `revision` is one more at each saving, 0 before the first."""

    invitation_id: UUID
    revision: int = 0
    saved_at: datetime | None = None
    filled: Filled = Filled()

    def saved(self, filled: Filled, now: datetime) -> "AnswerDraft":
        """Returns the form saved anew; saving what is saved already changes nothing."""
        if self.revision and filled == self.filled:
            return self
        return AnswerDraft(self.invitation_id, (self.revision or _beginning(now)) + 1, now, filled)


def _beginning(now: datetime) -> int:
    """Returns where a new form's revisions begin: above those of the invitation's form before, which was deleted.

    Whoever has that one open still must not save over this one. Nobody saves more than once a second; nine digits.
    """
    return int(now.timestamp()) % 900_000_000
