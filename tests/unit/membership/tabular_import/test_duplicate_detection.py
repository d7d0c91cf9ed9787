"""Which places are proposed as the same: by name, country and distance, never by name alone."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from polity_membership.tabular_import.domain import duplicate_detection as likeness
from polity_membership.tabular_import.domain.duplicate_detection import (
    ComparedLocalGovernment,
    Proposal,
    compare,
    normalized_name,
)


def place(
    key: str, name: str, latitude: float = 41.38, longitude: float = 2.17, country: str = "ES"
) -> ComparedLocalGovernment:
    return ComparedLocalGovernment(key, name, country, latitude, longitude, None)


def proposed(first: ComparedLocalGovernment, second: ComparedLocalGovernment) -> list[Proposal]:
    return compare([(2, second)], [first], {}).proposals


PAIRS: dict[str, tuple[dict[str, Any], dict[str, Any], bool]] = {
    "the same name a street away": ({"name": "Sabadell"}, {"name": "Sabadell", "latitude": 41.39}, True),
    "without the accent": ({"name": "Málaga"}, {"name": "MALAGA", "latitude": 41.39}, True),
    "with a letter that is not an accented one": ({"name": "Łódź"}, {"name": "Lodz"}, True),
    "with a letter that is two": ({"name": "Ærø"}, {"name": "AERO"}, True),
    "with an article": ({"name": "L'Hospitalet"}, {"name": "Hospitalet", "latitude": 41.39}, True),
    "with the word for city": ({"name": "Mexico City"}, {"name": "México, Ciudad de", "latitude": 41.39}, True),
    "with a letter less": ({"name": "Vienna"}, {"name": "Viena"}, True),
    "in another alphabet": ({"name": "광주"}, {"name": "광주", "latitude": 41.4}, True),
    "another name": ({"name": "Grigny"}, {"name": "Gagny"}, False),
    "another number": ({"name": "District 7"}, {"name": "District 8"}, False),
    "another country": ({"name": "Vienna"}, {"name": "Vienna", "country": "AT"}, False),
    "two Gwangjus": (
        {"name": "Gwangju", "latitude": 35.15, "longitude": 126.92}, {"name": "Gwangju", "latitude": 37.41,
         "longitude": 127.26}, False,
    ),
    "thirty kilometres and more": ({"name": "Vienna"}, {"name": "Vienna", "latitude": 41.66}, False),
    "thirty kilometres and less": ({"name": "Vienna"}, {"name": "Vienna", "latitude": 41.64}, True),
    "on both sides of the date line": (
        {"name": "Taveuni", "longitude": 179.99}, {"name": "Taveuni", "longitude": -179.99}, True,
    ),
    "around the pole": (
        {"name": "Base", "latitude": 89.99, "longitude": 0.0}, {"name": "Base", "latitude": 89.99, "longitude": 180.0},
        True,
    ),
}  # fmt: skip


@pytest.mark.parametrize("rule", PAIRS)
def test_two_places_are_proposed_as_one_or_not(rule: str) -> None:
    first, second, expected = PAIRS[rule]
    assert bool(proposed(place("a", **first), place("b", **second))) is expected
    assert bool(proposed(place("b", **second), place("a", **first))) is expected


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("Łódź", "lodz"), ("Tromsø", "tromso"), ("Đakovo", "dakovo"), ("Garðabær", "gardabaer"), ("Iğdır", "igdir"),
        ("İzmir", "izmir"), ("Gießen", "giessen"), ("Œuilly", "oeuilly"), ("Þorlákshöfn", "thorlakshofn"),
        ("Ħamrun", "hamrun"),
    ],
)  # fmt: skip
def test_letters_that_are_no_accented_ones_are_compared_by_their_plain_form(written: str, plain: str) -> None:
    assert normalized_name(written) == plain


def test_a_name_of_nothing_but_articles_stays_a_name() -> None:
    assert normalized_name("La Los") == "la los"


def test_rows_are_compared_with_earlier_rows_that_stay() -> None:
    rows = [(line, place(str(line), "Vienna", 41.38 + line / 1000)) for line in (2, 3, 4)]
    found = compare(rows, [], {}).proposals
    assert [(p.line, p.candidate.key) for p in found] == [(3, "2"), (4, "2"), (4, "3")]
    said = compare(rows, [], {(3, "2"): True, (4, "2"): False})
    assert said.proposals == []
    assert {line: known.key for line, known in said.same.items()} == {3: "2"}


def test_an_answer_holds_for_its_pair_only() -> None:
    known = [place("a", "Vienna"), place("b", "Viena")]
    said = compare([(2, place("2", "Vienna", 41.39))], known, {(2, "a"): False})
    assert [p.candidate.key for p in said.proposals] == ["b"]


def test_proposals_come_a_thousand_at_a_time() -> None:
    rows = [(line, place(str(line), "Vienna", 41.38 + line / 1_000_000)) for line in range(2, 200)]
    assert len(compare(rows, [], {}).proposals) == likeness.MOST_PROPOSALS


@given(st.floats(-90, 90), st.floats(-180, 180), st.floats(-0.2, 0.2), st.floats(-0.2, 0.2))
def test_who_is_near_is_found_wherever_on_earth(latitude: float, longitude: float, north: float, east: float) -> None:
    """0.2 degrees each way are at most 31.5 km: the cubes must hide nobody within 30."""
    there = max(-90.0, min(90.0, latitude + north)), longitude + east
    first, second = place("a", "Vienna", latitude, longitude), place("b", "Vienna", *there)
    far = likeness.math.dist(likeness._vector(first), likeness._vector(second))
    assert bool(proposed(first, second)) is (far <= likeness.NEAR_KILOMETRES)
