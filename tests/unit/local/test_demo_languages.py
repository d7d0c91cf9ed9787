"""The demonstration speaks the languages of the platform, and writes to each place in one that it reads."""

from datetime import date
from typing import Any

import pytest
from polity_chassis.web.headers import LANGUAGES
from polity_local.demo import letter, places


def text_maps(value: Any) -> list[dict[str, str]]:
    """Returns every map of language to text in a body of the API."""
    if isinstance(value, list):
        return [found for each in value for found in text_maps(each)]
    if not isinstance(value, dict):
        return []
    if "en" in value:
        return [value]
    return [found for each in value.values() for found in text_maps(each)]


def test_every_text_of_the_letter_is_in_every_language() -> None:
    found = text_maps([letter.NETWORK, letter.campaign(date(2026, 1, 1))])
    assert len(found) == 1 + 3 + 18 + 2
    for texts in found:
        assert tuple(texts) == LANGUAGES, texts["en"]
        assert all(text.strip() for text in texts.values()), texts["en"]


@pytest.mark.parametrize(
    ("country", "language"),
    [("ES", "es"), ("SN", "fr"), ("BR", "pt"), ("TL", "pt"), ("KR", "ko"), ("EG", "ar"), ("MA", "ar"), ("IN", "en")],
)
def test_a_place_is_written_to_in_a_language_of_its_country(country: str, language: str) -> None:
    assert places.language_of(country) == language


def test_a_country_has_one_language() -> None:
    listed = [country for countries in places.LANGUAGES_BY_COUNTRY.values() for country in countries.split()]
    assert len(listed) == len(set(listed))
    assert {*places.LANGUAGES_BY_COUNTRY, "en"} == set(LANGUAGES)
