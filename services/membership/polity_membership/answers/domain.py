"""Saved forms: an answer that is being written, kept for anyone who continues with it."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from uuid import UUID

KEPT_AFTER_DEADLINE = timedelta(days=30)
"""How long a saved form is kept after the deadline and its last saving: the deadline may still be extended."""


@dataclass(frozen=True, slots=True)
class Filled:
    """The fields of the form. A field that isn't filled in is None; a rank that isn't is an empty string."""

    signatory_name: str | None = None
    signatory_office: str | None = None
    signed_on: date | None = None
    themes: tuple[str, ...] = ()

    def without_signatory(self) -> "Filled":
        """Returns the form without the signatory."""
        return replace(self, signatory_name=None, signatory_office=None)


@dataclass(frozen=True, slots=True)
class AnswerDraft:
    """One invitation's form as last saved. `revision` is 0 before the first saving and grows by one at each."""

    invitation_id: UUID
    revision: int = 0
    saved_at: datetime | None = None
    filled: Filled = Filled()

    def saved(self, filled: Filled, now: datetime) -> "AnswerDraft":
        """Returns the next revision of the form, or the same if nothing differs."""
        if self.revision and filled == self.filled:
            return self
        return AnswerDraft(self.invitation_id, (self.revision or _beginning(now)) + 1, now, filled)


def _beginning(now: datetime) -> int:
    """Returns the first revision of a new form: higher than any of the invitation's earlier, deleted form.

    Somebody who still has that form open must not overwrite this one. At most one saving a second; nine digits.
    """
    return int(now.timestamp()) % 900_000_000
