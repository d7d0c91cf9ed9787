"""Every language says everything: a missing sentence or a forgotten place fails here, not in a city's mailbox."""

import string

import pytest
from polity_chassis.web.headers import LANGUAGES
from polity_notifications.mail.catalogue import catalogue, direction, language_name, languages


def faults(reference: dict[str, str], translated: dict[str, str]) -> list[str]:
    """Returns what a catalogue lacks, has too much, leaves empty or fills in otherwise than the reference."""
    found = [f"missing: {key}" for key in reference.keys() - translated.keys()]
    found += [f"unknown: {key}" for key in translated.keys() - reference.keys()]
    for key in reference.keys() & translated.keys():
        if not translated[key].strip():
            found.append(f"empty: {key}")
        if places(reference[key]) != places(translated[key]):
            found.append(f"places: {key}")
    return sorted(found)


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_mails_are_written_in_the_languages_of_the_platform() -> None:
    assert set(languages()) == set(LANGUAGES)


@pytest.mark.parametrize("language", languages())
def test_a_language_has_every_sentence_with_every_place(language: str) -> None:
    assert faults(catalogue("en"), catalogue(language)) == []


def test_a_missing_an_empty_and_a_changed_sentence_are_caught() -> None:
    planted = {**catalogue("en"), "greeting": "Hola", "closing": " ", "extra": "x"}
    del planted["footer"]
    assert faults(catalogue("en"), planted) == [
        "empty: closing",
        "missing: footer",
        "places: greeting",
        "unknown: extra",
    ]


@pytest.mark.parametrize(
    ("language", "expected"), [("en", "ltr"), ("ar", "rtl"), ("ko-KR", "ltr"), ("xx-unknown", "ltr")]
)
def test_a_script_has_its_direction(language: str, expected: str) -> None:
    assert direction(language) == expected


def test_a_language_is_named_in_the_readers_words() -> None:
    assert language_name("en", "es") == "inglés"
    assert language_name("qqq", "es") == "qqq"
