"""No page is half translated."""

import re
from gettext import c2py
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Catalog, Message
from polity_portal.i18n import catalogues
from polity_portal.i18n.languages import FALLBACK, LANGUAGES

TRANSLATED = [code for code in LANGUAGES if code != FALLBACK]
PLACEHOLDER = re.compile(r"%\(\w+\)s")


def said(message: Message) -> list[str]:
    return [text or "" for text in ([message.string] if isinstance(message.string, str) else message.string or [""])]


def numbers_of(form: int, catalogue: Catalog) -> int:
    """How many numbers up to 200 a plural form serves."""
    plural = c2py(catalogue.plural_expr)
    return sum(plural(number) == form for number in range(201))


def faithful(message: Message, kept: Catalog) -> bool:
    """Whether the places are the original's; a form for one number alone may say it in letters ("two answers")."""
    plain = message.id if isinstance(message.id, str) else message.id[-1]
    wanted = set(PLACEHOLDER.findall(plain))
    for form, text in enumerate(said(message)):
        spelt = {"%(shown)s"} if not isinstance(message.id, str) and numbers_of(form, kept) == 1 else set()
        if set(PLACEHOLDER.findall(text)) not in (wanted, wanted - spelt):
            return False
    return True


def faults(kept: Catalog, words: Catalog) -> list[str]:
    found = []
    for word in words:
        message = kept.get(word.id) if word.id else None
        if not word.id:
            continue
        if message is None or not all(said(message)) or (word.pluralizable and len(said(message)) != kept.num_plurals):
            found.append(f"missing: {word.id}")
        elif message.fuzzy:
            found.append(f"doubtful: {word.id}")
        elif not faithful(message, kept):
            found.append(f"other placeholders: {word.id}")
    return found + [f"no longer said: {m.id}" for m in kept if m.id and m.id not in words]


@pytest.mark.parametrize(("code", "forms"), [("es", 2), ("fr", 2), ("pt", 2), ("ko", 1), ("ar", 6)])
def test_a_catalogue_names_its_plural_forms(code: str, forms: int) -> None:
    head = catalogues.path_of(code).read_text("utf-8").partition("\n\n")[0]
    assert f"Plural-Forms: nplurals={forms};" in head
    assert catalogues.load(code).num_plurals == forms


@pytest.mark.parametrize("code", TRANSLATED)
def test_a_refresh_without_new_words_changes_nothing(code: str, tmp_path: Path, monkeypatch: Any) -> None:
    written = catalogues.path_of(code).read_text("utf-8")
    (tmp_path / "portal.po").write_text(written, "utf-8")
    monkeypatch.setattr(catalogues, "path_of", lambda _: tmp_path / "portal.po")
    catalogues.refresh(code)
    assert (tmp_path / "portal.po").read_text("utf-8") == written


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
    words.add(("%(shown)s row", "%(shown)s rows"))
    kept.add(("%(shown)s row", "%(shown)s rows"), ("una fila", "filas"))
    words.add(("A row", "%(shown)s rows left"))
    kept.add(("A row", "%(shown)s rows left"), ("Una fila",))
    assert faults(kept, words) == [
        "missing: Read",
        "doubtful: Show",
        "other placeholders: In %(city)s:",
        "other placeholders: ('%(shown)s row', '%(shown)s rows')",
        "missing: ('A row', '%(shown)s rows left')",
        "no longer said: Gone",
    ]
