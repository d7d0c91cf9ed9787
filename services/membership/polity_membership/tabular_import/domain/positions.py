"""Points that are probably not where they were meant, and where they may have been meant."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

from polity_membership.reference_data.land import Land
from polity_membership.tabular_import.domain.findings import SHOWN_CHARACTERS, Fault, Row
from polity_membership.values.numbers import moved_decimal_signs, plain

COORDINATES = ("latitude", "longitude")
_BEYOND = frozenset({"out_of_range", "decimal_lost"})
Written = tuple[str, str]
"""A latitude and a longitude as they may be written."""


def doubt(row: Row, country: str, land: Land) -> Fault | None:
    """Returns the question about a point outside its country, with where a swap or a missing minus would put it."""
    here = _written(row)
    if _lies_in(country, here, land):
        return None
    meant = next((other for other in _turned(here) if _lies_in(country, other, land)), None)
    suggestions = (dict(zip(COORDINATES, meant, strict=True)),) if meant else ()
    return Fault(row.line, "latitude", "outside_country", ", ".join(here)[:SHOWN_CHARACTERS], suggestions=suggestions)


def explained(row: Row, faults: list[Fault], country: str, land: Land) -> list[Fault]:
    """Returns the faults of a row; of coordinates beyond their range they tell where in the country they may lie.

    They were swapped, or their decimal signs are lost and there is one way alone to put them back.
    """
    beyond = [fault for fault in faults if fault.field in COORDINATES]
    if any(fault.reason not in _BEYOND for fault in beyond):
        return faults
    here = _written(row)
    if beyond and _lies_in(country, here[::-1], land):
        swapped = dict(zip(COORDINATES, here[::-1], strict=True))
        return [replace(fault, suggestions=(swapped,)) if fault in beyond else fault for fault in faults]
    wrong = {fault.field for fault in beyond}
    ways = [
        moved_decimal_signs(cell) if name in wrong else [cell] for name, cell in zip(COORDINATES, here, strict=True)
    ]
    fits = [point for point in product(*ways) if _lies_in(country, point, land)]
    if len(fits) != 1:
        return faults
    meant = dict(zip(COORDINATES, fits[0], strict=True))
    return [
        replace(fault, reason="decimal_lost", suggestions=({fault.field: meant[fault.field]},))
        if fault.field in meant
        else fault
        for fault in faults
    ]


def _written(row: Row) -> Written:
    return plain(row.cells["latitude"]), plain(row.cells["longitude"])


def _turned(here: Written) -> Iterator[Written]:
    for first, second in (here, here[::-1]):
        yield from product((first, _negated(first)), (second, _negated(second)))


def _negated(number: str) -> str:
    return number[1:] if number.startswith("-") else f"-{number}"


def _lies_in(country: str, point: tuple[str, ...], land: Land) -> bool:
    try:
        latitude, longitude = map(float, point)
    except ValueError:
        return False
    return abs(latitude) <= 90 and abs(longitude) <= 180 and land.holds(country, latitude, longitude)
