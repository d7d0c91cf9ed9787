"""How the pages write times, places and texts in each language."""

from datetime import UTC, datetime

import pytest
from polity_portal.languages import LANGUAGES, preferred

AT = datetime(2026, 9, 15, 21, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ("", "en"),
        ("fr", "fr"),
        ("es-MX,es;q=0.9,en;q=0.8", "es"),
        ("ko,fr;q=0.5", "fr"),
        ("en;q=0.1, fr;q=0.2", "fr"),
        ("ja", "en"),
        ("*;q=x,,;;", "en"),
    ],
)
def test_the_browsers_wish_chooses_the_language(asked: str, code: str) -> None:
    assert preferred(asked).code == code


@pytest.mark.parametrize(
    ("code", "zone", "written"),
    [
        ("en", "Europe/Madrid", "15 September 2026, 23:59 (Madrid, UTC+02:00)"),
        ("en", "Asia/Seoul", "16 September 2026, 06:59 (Seoul, UTC+09:00)"),
        ("es", "America/Mexico_City", "15 de septiembre de 2026, 15:59 (Ciudad de México, UTC-06:00)"),
        ("fr", "Asia/Kolkata", "16 septembre 2026, 03:29 (Kolkata, UTC+05:30)"),
        ("fr", "UTC", "15 septembre 2026, 21:59 (UTC)"),
    ],
)
def test_a_moment_names_its_place_and_distance_from_utc(code: str, zone: str, written: str) -> None:
    assert LANGUAGES[code].moment(AT, zone) == written


def test_a_text_is_found_in_the_pages_language_else_the_fallback_else_any() -> None:
    french = LANGUAGES["fr"]
    assert (french.text({"fr": "oui", "en": "yes"}, "en").text, french.text({"fr": "oui"}, "en").foreign) == (
        "oui",
        False,
    )
    other = french.text({"ar": "نعم", "en": ""}, "en")
    assert (other.text, other.language, other.direction, other.foreign) == ("نعم", "ar", "rtl", True)
    assert french.text({}, "en").text == ""


@pytest.mark.parametrize(("code", "name"), [("en", "Western Europe"), ("es", "Europa occidental")])
def test_regions_and_countries_have_names(code: str, name: str) -> None:
    assert LANGUAGES[code].region("155") == name
    assert LANGUAGES[code].region("unknown") == "unknown"
    assert LANGUAGES["fr"].country("KR") == "Corée du Sud"


def test_the_day_of_an_instant_is_that_of_the_place() -> None:
    at = datetime(2026, 11, 21, 23, 12, 5, tzinfo=UTC)
    english = LANGUAGES["en"]
    assert english.day_there(at, "Europe/Madrid") == "22 November 2026"
    assert english.day_there(at, "America/Mexico_City") == "21 November 2026"
