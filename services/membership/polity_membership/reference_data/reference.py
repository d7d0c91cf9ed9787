"""What exists in the world, from the tables that we ship or depend on; read once per process."""

import csv
import zoneinfo
from collections.abc import Iterator
from functools import cache
from importlib import resources
from itertools import accumulate

import pycountry
from babel import Locale
from polity_chassis.web.headers import LANGUAGES

from polity_membership.reference_data.domain import Reference
from polity_membership.reference_data.land import Land
from polity_membership.tabular_import.domain.duplicate_detection import normalized_name

IN_USE = {"UK": "GB", "EL": "GR"}
"""What the European Union writes, and people after it."""


@cache
def reference() -> Reference:
    """Returns countries with regions and land (this folder), IANA time zones and ISO 639 languages."""
    regions = {row["country"]: row["region"] for row in _table("m49.csv")}
    codes = (getattr(language, name, None) for language in pycountry.languages for name in ("alpha_2", "alpha_3"))
    return Reference(
        regions=regions,
        time_zones=frozenset(zoneinfo.available_timezones() - {"localtime", "Factory", "posixrules"}),
        languages=frozenset(code for code in codes if code),
        countries={normalized_name(name): code for name, code in _names() if code in regions},
        land=Land({row["country"]: tuple(accumulate(map(int, row["steps"].split()))) for row in _table("land.csv")}),
    )


def _table(name: str) -> Iterator[dict[str, str]]:
    with (resources.files("polity_membership.reference_data") / name).open(encoding="utf-8") as file:
        yield from csv.DictReader(file)


def _names() -> Iterator[tuple[str, str]]:
    """Yields every country's names and other codes with its code: CLDR's in the interface's languages, ISO 3166-1's."""
    for language in LANGUAGES:
        yield from ((name, code) for code, name in Locale.parse(language).territories.items())
    for country in pycountry.countries:
        for name in ("alpha_3", "numeric", "name", "official_name", "common_name"):
            if value := getattr(country, name, None):
                yield value, country.alpha_2
    yield from IN_USE.items()
