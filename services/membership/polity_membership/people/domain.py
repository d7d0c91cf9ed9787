"""People: contacts of local governments, signatories, holders of mandates. Erased means emptied, never deleted."""

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from polity_contracts.membership.people import PersonErased, PersonRecorded

_SHORTEST = 3
"""The shortest word of a name, in letters, that is searched for: particles occur in every text."""


def given_up(before: str | None, after: str) -> frozenset[str]:
    """Returns the words of the former name that the new one lacks, folded."""
    return _words(before or "") - _words(after)


def mentions(text: str | None, words: frozenset[str]) -> bool:
    """Returns whether the text has one of the words, which are folded."""
    return bool(words & _words(text or ""))


def _words(text: str) -> frozenset[str]:
    plain = unicodedata.normalize("NFKD", text.casefold())
    letters = "".join(c if c.isalnum() else " " for c in plain if not unicodedata.combining(c))
    return frozenset(word for word in letters.split() if len(word) >= _SHORTEST or not word.isascii())


@dataclass(slots=True)
class Person:
    """`office` is what a signatory signs as; all four fields of an erased person are None."""

    id: UUID
    name: str | None
    email: str | None
    language: str | None
    office: str | None = None
    erased_at: datetime | None = None
    fact_sequence: int = 0

    def record(self) -> PersonRecorded:
        """Returns the fact that tells other services how to reach the person."""
        return PersonRecorded(person_id=self.id, name=self.name or "", email=self.email, language=self.language or "")

    def correct(self, name: str, email: str, language: str) -> PersonRecorded | None:
        """Changes name, address and language. Returns None if nothing differs."""
        if (self.name, self.email, self.language) == (name, email, language):
            return None
        self.name, self.email, self.language = name, email, language
        return self.record()

    def present(self) -> PersonRecorded | PersonErased:
        """Returns the fact of the person's present state."""
        return PersonErased() if self.erased_at else self.record()

    def erase(self, now: datetime) -> PersonErased | None:
        """Empties the person. Returns the tombstone, or None if the person was erased already."""
        if self.erased_at is not None:
            return None
        self.name = self.email = self.language = self.office = None
        self.erased_at = now
        return PersonErased()
