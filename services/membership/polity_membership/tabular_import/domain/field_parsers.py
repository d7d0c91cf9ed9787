"""Parsers of the cells of each column, checked against reference data."""

import re
from collections.abc import Callable, Mapping, Set
from typing import Any

from polity_membership.errors import InvalidValue
from polity_membership.reference_data.domain import Reference
from polity_membership.tabular_import.domain.duplicate_detection import normalized_name
from polity_membership.values.addresses import email
from polity_membership.values.numbers import degrees, people
from polity_membership.values.texts import FORMULA_BEGINNINGS, cell_of_text, seen

_LANGUAGE = re.compile(r"([A-Za-z]{2,3})((?:-[A-Za-z0-9]{2,8})*)")


def language(value: str, known: Set[str]) -> str:
    """Returns the BCP 47 tag with its primary language in lower case; raises InvalidValue."""
    match = _LANGUAGE.fullmatch(seen(value))
    if not match or match[1].lower() not in known:
        raise InvalidValue("unknown_language")
    return match[1].lower() + match[2]


def _email(value: str, _: Reference) -> str:
    if value.startswith(tuple(FORMULA_BEGINNINGS)):
        raise InvalidValue("formula_like")
    return email(value)


def _country(value: str, reference: Reference) -> str:
    code = seen(value).upper()
    if code in reference.regions:
        return code
    meant = reference.countries.get(normalized_name(value))
    raise InvalidValue("unknown_country", *([meant] if meant else []))


def _time_zone(value: str, reference: Reference) -> str:
    zone = seen(value)
    if zone not in reference.time_zones:
        raise InvalidValue("unknown_time_zone")
    return zone


FieldParser = Callable[[str, Reference], Any]


FIELD_PARSERS: Mapping[str, FieldParser] = {
    "name": lambda value, _: cell_of_text(value),
    "country": _country,
    "subdivision": lambda value, _: cell_of_text(value),
    "latitude": lambda value, _: degrees(value, most=90),
    "longitude": lambda value, _: degrees(value, most=180),
    "population": lambda value, _: people(value),
    "time_zone": _time_zone,
    "language": lambda value, reference: language(value, reference.languages),
    "contact_name": lambda value, _: cell_of_text(value),
    "contact_email": _email,
}
"""The parser of each column."""
