"""Which of a text's languages a reader gets."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Said:
    """A text and the language (BCP 47) it is in; `borrowed` when that isn't the reader's."""

    text: str
    language: str
    borrowed: bool


def said(text: Mapping[str, str], language: str, fallback: str) -> Said:
    """Returns the text in the reader's language, else in the declared fallback, else in any that there is."""
    found = next((known for known in (language, _base(language), fallback) if text.get(known)), None)
    found = found or next((known for known, value in text.items() if value), fallback)
    return Said(text.get(found, ""), found, borrowed=not same_language(found, language))


def same_language(one: str, other: str) -> bool:
    """Returns whether a reader of one reads the other: regions and scripts aside."""
    return _base(one) == _base(other)


def supported(language: str, fallback: str, languages: Collection[str]) -> str:
    """Returns the language a mail is written in: the reader's, else the network's, else English."""
    return next((known for known in (_base(language), _base(fallback)) if known in languages), "en")


def _base(language: str) -> str:
    return language.partition("-")[0].lower()
