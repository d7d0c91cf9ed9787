"""The rules of single values: what a name, a country, a coordinate or an address may be."""

import re
import sys
import unicodedata
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from functools import partial
from typing import Any

MAX_CHARACTERS = 200
MAX_RAW_CHARACTERS = 1000
"""Before normalising, whose time grows with the square of a run of combining marks."""
MAX_POPULATION = 2_000_000_000
FORMULA_BEGINNINGS = "=+-@\t\r\0"
"""A cell that begins so is a formula to a spreadsheet."""

_DECIMAL = re.compile(r"[+-]?[0-9]{1,3}([.,][0-9]{1,15})?")
_WHOLE = re.compile(r"[0-9]{1,12}")
_LANGUAGE = re.compile(r"([A-Za-z]{2,3})((?:-[A-Za-z0-9]{2,8})*)")
_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,63}")
_COMBINING = "".join(chr(code) for code in range(sys.maxunicode + 1) if unicodedata.combining(chr(code)))
_MARKS = re.compile(f"[{_COMBINING}]{{101}}")
"""More combining marks on end than any writing has: sorting them takes the square of their number (UAX 15)."""
_INVISIBLE = {"Cc", "Cs", "Zl", "Zp"}


class Bad(ValueError):
    """The value breaks a rule; `reason` is stable."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Reference:
    """What exists in the world: ISO 3166-1 countries with their UN M49 region, IANA zones, ISO 639 languages."""

    regions: Mapping[str, str]
    time_zones: Set[str]
    languages: Set[str]


def line_of_text(value: str) -> str:
    """Returns one line of text, normalised (NFC) and trimmed; raises Bad for what can't stand in a mail's header."""
    if len(value) > MAX_RAW_CHARACTERS:
        raise Bad("too_long")
    if any(unicodedata.category(character) in _INVISIBLE for character in value.strip(" ")):
        raise Bad("control_character")
    text = unicodedata.normalize("NFC", value).strip()
    if not text:
        raise Bad("missing")
    if len(text) > MAX_CHARACTERS:
        raise Bad("too_long")
    return text


def paragraphs(value: str) -> str:
    """Returns the text, normalised (NFC) and trimmed, its line breaks kept; raises Bad for other control characters."""
    if _MARKS.search(value):
        raise Bad("control_character")
    text = unicodedata.normalize("NFC", value).replace("\r\n", "\n").strip()
    if any(unicodedata.category(character) in _INVISIBLE for character in text if character != "\n"):
        raise Bad("control_character")
    if not text:
        raise Bad("missing")
    return text


def email(value: str) -> str:
    """Returns the address; raises Bad. Only plain ASCII addresses: one address, nothing quoted."""
    address = value.strip()
    if len(address) > 254 or not _EMAIL.fullmatch(address) or ".." in address or address.startswith("."):
        raise Bad("bad_email")
    return address


def language(value: str, known: Set[str]) -> str:
    """Returns the BCP 47 tag with its primary language in lower case; raises Bad."""
    match = _LANGUAGE.fullmatch(value.strip())
    if not match or match[1].lower() not in known:
        raise Bad("unknown_language")
    return match[1].lower() + match[2]


def cell_of_text(value: str, _: Reference) -> str:
    if value.startswith(tuple(FORMULA_BEGINNINGS)):
        raise Bad("formula_like")
    return line_of_text(value)


def _cell_of_email(value: str, _: Reference) -> str:
    if value.startswith(tuple(FORMULA_BEGINNINGS)):
        raise Bad("formula_like")
    return email(value)


def _country(value: str, reference: Reference) -> str:
    code = value.strip().upper()
    if code not in reference.regions:
        raise Bad("unknown_country")
    return code


def _coordinate(value: str, _: Reference, *, most: int) -> float:
    if not _DECIMAL.fullmatch(value.strip()):
        raise Bad("not_a_number")
    degrees = float(value.replace(",", "."))
    if abs(degrees) > most:
        raise Bad("out_of_range")
    return degrees


def _population(value: str, _: Reference) -> int:
    if not _WHOLE.fullmatch(value.strip()):
        raise Bad("not_a_number")
    people = int(value)
    if people > MAX_POPULATION:
        raise Bad("out_of_range")
    return people


def _time_zone(value: str, reference: Reference) -> str:
    zone = value.strip()
    if zone not in reference.time_zones:
        raise Bad("unknown_time_zone")
    return zone


def _language(value: str, reference: Reference) -> str:
    return language(value, reference.languages)


CellReader = Callable[[str, Reference], Any]
CELLS: Mapping[str, CellReader] = {
    "name": cell_of_text,
    "country": _country,
    "subdivision": cell_of_text,
    "latitude": partial(_coordinate, most=90),
    "longitude": partial(_coordinate, most=180),
    "population": _population,
    "time_zone": _time_zone,
    "language": _language,
    "contact_name": cell_of_text,
    "contact_email": _cell_of_email,
}
"""How the cells of each column are read."""
