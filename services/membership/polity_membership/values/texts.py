"""What people type: lines of text and paragraphs, free of the signs that nobody sees."""

import re
import sys
import unicodedata

from polity_membership.errors import InvalidValue

MAX_CHARACTERS = 200
MAX_RAW_CHARACTERS = 1000
"""Before normalising, whose time grows with the square of a run of combining marks."""
FORMULA_BEGINNINGS = "=+-@\t\r\0"
"""A cell that begins so is a formula to a spreadsheet."""

_COMBINING = "".join(chr(code) for code in range(sys.maxunicode + 1) if unicodedata.combining(chr(code)))
_MARKS = re.compile(f"[{_COMBINING}]{{101}}")
"""More combining marks on end than any writing has: sorting them takes the square of their number (UAX 15)."""
_FORBIDDEN = {"Cc", "Cs", "Zl", "Zp"}
_JOINERS = "\u200c\u200d"
"""They shape the letters beside them, in Persian or Sinhala: between letters they stay."""
_EMBEDDINGS = "\u202a\u202b\u202c\u2066\u2067\u2068\u2069"
"""Directions put around a text, such as pages and mails put around names."""
_UNSEEN = dict.fromkeys(
    map(
        ord,
        "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u2060\u2061\u2062\u2063\u2064\u3164\ufeff\uffa0",
    )
)
"""Zero-width spaces, direction marks, soft hyphens and fillers (Unicode's Default_Ignorable_Code_Point)."""
_ENDS = "".join(chr(code) for code in range(0x3001) if chr(code).isspace()) + _JOINERS + _EMBEDDINGS + "\u2800"


def seen(value: str) -> str:
    """Returns the value without invisible characters, and without joiners and spaces at its ends."""
    return value.translate(_UNSEEN).strip(_ENDS)


def line_of_text(value: str) -> str:
    """Returns one line of text, normalised (NFC), with plain single spaces; raises InvalidValue.

    Signs that nobody sees are left out. A line break, or a sign that turns the direction of what follows, is refused:
    it would stand in a mail's header.
    """
    if len(value) > MAX_RAW_CHARACTERS:
        raise InvalidValue("too_long")
    text = unicodedata.normalize("NFC", seen(value))
    if any(_forbidden(character) for character in text):
        raise InvalidValue("control_character")
    text = " ".join(text.split())
    if not text:
        raise InvalidValue("missing")
    if len(text) > MAX_CHARACTERS:
        raise InvalidValue("too_long")
    return text


def cell_of_text(value: str) -> str:
    """Returns the line of text of a spreadsheet's cell; raises InvalidValue, also for what a spreadsheet would run."""
    if value.startswith(tuple(FORMULA_BEGINNINGS)) or seen(value).startswith(tuple(FORMULA_BEGINNINGS)):
        raise InvalidValue("formula_like")
    return line_of_text(value)


def paragraphs(value: str) -> str:
    """Returns the text, normalised (NFC) and trimmed, with its line breaks.

    Raises InvalidValue for other control characters.
    """
    if _MARKS.search(value):
        raise InvalidValue("control_character")
    text = unicodedata.normalize("NFC", value).replace("\r\n", "\n").strip()
    if any(unicodedata.category(character) in _FORBIDDEN for character in text if character != "\n"):
        raise InvalidValue("control_character")
    if not seen(text):
        raise InvalidValue("missing")
    return text


def _forbidden(character: str) -> bool:
    category = unicodedata.category(character)
    return category in _FORBIDDEN or (category == "Cf" and character not in _JOINERS)
