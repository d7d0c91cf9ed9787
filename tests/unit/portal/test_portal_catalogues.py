"""No page is half translated."""

import re

import pytest
from babel.messages.catalog import Catalog, Message
from polity_portal import catalogues
from polity_portal.languages import FALLBACK, LANGUAGES

TRANSLATED = [code for code in LANGUAGES if code != FALLBACK]
PLACEHOLDER = re.compile(r"%\(\w+\)s")


def said(message: Message) -> list[str]:
    return [text or "" for text in ([message.string] if isinstance(message.string, str) else message.string or [""])]


def faults(kept: Catalog, words: Catalog) -> list[str]:
    found = []
    for word in words:
        message = kept.get(word.id) if word.id else None
        if not word.id:
            continue
        if message is None or not all(said(message)):
            found.append(f"missing: {word.id}")
        elif message.fuzzy:
            found.append(f"doubtful: {word.id}")
        else:
            plain = word.id if isinstance(word.id, str) else word.id[-1]
            wanted = set(PLACEHOLDER.findall(plain))
            if any(set(PLACEHOLDER.findall(text)) != wanted for text in said(message)):
                found.append(f"other placeholders: {word.id}")
    return found + [f"no longer said: {m.id}" for m in kept if m.id and m.id not in words]


@pytest.mark.parametrize("code", TRANSLATED)
def test_every_word_of_the_pages_is_translated(code: str) -> None:
    assert faults(catalogues.load(code), catalogues.words()) == []


def test_the_check_notices_missing_doubtful_altered_and_leftover_words() -> None:
    words = Catalog()
    for text in ("Read", "Show", "In %(city)s:", "Kept"):
        words.add(text)
    kept = Catalog("es")
    kept.add("Show", "Mostrar", flags=["fuzzy"])
    kept.add("In %(city)s:", "En %(ciudad)s:")
    kept.add("Kept", "Conservado")
    kept.add("Gone", "Ido")
    assert faults(kept, words) == [
        "missing: Read",
        "doubtful: Show",
        "other placeholders: In %(city)s:",
        "no longer said: Gone",
    ]
