"""How the pages write times, places and texts in each language."""

import re
from datetime import UTC, datetime

import pytest
from polity_chassis.web import headers
from polity_portal.i18n.languages import LANGUAGES, Language, preferred
from polity_portal.web.template_globals import sorted_names

AT = datetime(2026, 9, 15, 21, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ("", "en"),
        ("fr", "fr"),
        ("es-MX,es;q=0.9,en;q=0.8", "es"),
        ("vi,fr;q=0.5", "fr"),
        ("ko-KR,ko;q=0.9", "ko"),
        ("ar-EG", "ar"),
        ("pt-BR,pt;q=0.9,en;q=0.8", "pt"),
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
        ("pt", "America/Sao_Paulo", "15 de setembro de 2026, 18:59 (São Paulo, UTC-03:00)"),
        ("ko", "Asia/Seoul", "2026년 9월 16일 오전 6:59 (서울, UTC+09:00)"),
        ("ar", "Africa/Cairo", "16 سبتمبر 2026، 12:59 ص (القاهرة، UTC+03:00)"),
        ("ar", "UTC", "15 سبتمبر 2026، 9:59 م (UTC)"),
    ],
)
def test_a_moment_names_its_place_and_distance_from_utc(code: str, zone: str, written: str) -> None:
    assert LANGUAGES[code].moment(AT, zone) == written


def test_the_pages_speak_the_languages_of_the_platform_by_their_own_names() -> None:
    assert tuple(LANGUAGES) == headers.LANGUAGES
    names = ["English", "Español", "Français", "Português", "한국어", "العربية"]
    assert [language.own_name for language in LANGUAGES.values()] == names
    assert [code for code, language in LANGUAGES.items() if language.direction == "rtl"] == ["ar"]


@pytest.mark.parametrize("language", LANGUAGES.values(), ids=LANGUAGES)
def test_numbers_and_dates_use_the_same_digits(language: Language) -> None:
    written = language.number(1234567) + language.moment(AT, "UTC") + language.short_day(AT)
    assert not [digit for digit in written if digit.isdigit() and not digit.isascii()]


def test_day_and_month_stand_in_the_languages_order() -> None:
    days = {code: language.short_day(AT) for code, language in LANGUAGES.items()}
    assert (days["fr"], days["pt"], days["ko"], days["ar"]) == ("15 sept.", "15 de set.", "9월 15일", "15 سبتمبر")


@pytest.mark.parametrize(
    ("count", "written"),
    [
        (0, "لم يُقرأ أي سطر."),
        (1, "قُرئ سطر واحد."),
        (2, "قُرئ سطران."),
        (3, "قُرئت 3 أسطر."),
        (10, "قُرئت 10 أسطر."),
        (11, "قُرئ 11 سطرًا."),
        (99, "قُرئ 99 سطرًا."),
        (100, "قُرئ 100 سطر."),
        (102, "قُرئ 102 سطر."),
        (103, "قُرئت 103 أسطر."),
        (1000, "قُرئ 1,000 سطر."),
    ],
)
def test_arabic_has_six_plural_forms(count: int, written: str) -> None:
    arabic = LANGUAGES["ar"]
    said = arabic.translations.ungettext("%(shown)s row was read.", "%(shown)s rows were read.", count)
    assert said % {"shown": arabic.number(count)} == written


def test_names_are_isolated_where_their_letters_could_be_reordered() -> None:
    english, arabic = LANGUAGES["en"], LANGUAGES["ar"]
    assert english.isolated("Gwangju (Gyeonggi)") == "Gwangju (Gyeonggi)"
    assert english.isolated("القاهرة") == "<bdi>القاهرة</bdi>"
    assert arabic.isolated("Gwangju <b>") == "<bdi>Gwangju &lt;b&gt;</bdi>"


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


def test_an_accent_does_not_send_a_name_behind_z() -> None:
    french = LANGUAGES["fr"]
    names = [name for _, name in sorted_names(["ZW", "EC", "ET", "FR", "ES", "EG"], french.country)]
    assert names == ["Égypte", "Équateur", "Espagne", "Éthiopie", "France", "Zimbabwe"]


def test_french_breaks_no_line_before_its_double_marks() -> None:
    catalogue = LANGUAGES["fr"].translations._catalog  # type: ignore[attr-defined]
    words = [text for message, text in catalogue.items() if message]
    assert any("\u202f:" in text for text in words)
    assert [text for text in words if re.search(" [;:!?»]|« ", text)] == []
