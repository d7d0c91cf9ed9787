"""What exists in the world, from the tables that we ship or depend on; read once per process."""

import csv
import zoneinfo
from functools import cache
from importlib import resources

import pycountry

from polity_membership.domain.cells import Reference


@cache
def reference() -> Reference:
    """Returns countries with regions (data/m49.csv), IANA time zones and ISO 639 languages."""
    with (resources.files("polity_membership") / "data" / "m49.csv").open(encoding="utf-8") as file:
        regions = {row["country"]: row["region"] for row in csv.DictReader(file)}
    codes = (getattr(language, name, None) for language in pycountry.languages for name in ("alpha_2", "alpha_3"))
    return Reference(
        regions={country.alpha_2: regions[country.alpha_2] for country in pycountry.countries},
        time_zones=frozenset(zoneinfo.available_timezones() - {"localtime", "Factory", "posixrules"}),
        languages=frozenset(code for code in codes if code),
    )
