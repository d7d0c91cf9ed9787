"""Updates the catalogues with the messages of code and templates: `python -m polity_portal.i18n.catalogues`."""

import sys
from pathlib import Path

from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po, write_po

from polity_portal.i18n.languages import CATALOGUES, FALLBACK, LANGUAGES

PACKAGE = Path(__file__).parents[1]
METHODS = [("templates/**.html", "jinja2"), ("**.py", "python")]
OPTIONS = {"templates/**.html": {"encoding": "utf-8", "trimmed": "true"}}

HEADER = """msgid ""
msgstr ""
"Language: {code}\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Plural-Forms: {plural_forms}\\n"

"""
"""The header that translators' tools need. It has no date: an update without new messages changes nothing."""


def words() -> Catalog:
    """Returns every message of code and templates, in English."""
    found = Catalog()
    keywords = {**DEFAULT_KEYWORDS, "N_": None}
    for path, line, message, comments, context in extract_from_dir(PACKAGE, METHODS, OPTIONS, keywords):
        found.add(message, None, [(path, line)], auto_comments=comments, context=context)
    return found


def path_of(code: str) -> Path:
    return CATALOGUES / code / "LC_MESSAGES" / "portal.po"


def load(code: str) -> Catalog:
    """Returns the language's catalogue, empty if there is none yet."""
    if not path_of(code).exists():
        return Catalog(Locale.parse(code))
    with path_of(code).open("rb") as source:
        return read_po(source, locale=code)


def refresh(code: str) -> None:
    """Adds new messages without a translation and removes those that are used nowhere."""
    catalogue = load(code)
    catalogue.update(words(), no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    path_of(code).parent.mkdir(parents=True, exist_ok=True)
    with path_of(code).open("wb") as target:
        target.write(HEADER.format(code=code, plural_forms=catalogue.plural_forms).encode())
        write_po(target, catalogue, width=120, omit_header=True, no_location=True, sort_output=True)


if __name__ == "__main__":
    for code in LANGUAGES:
        if code != FALLBACK:
            refresh(code)
    sys.exit(0)
