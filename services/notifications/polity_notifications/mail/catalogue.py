"""The strings of mails, one file per language: to add a language, translate `catalogues/en.toml` under its code."""

import re
import tomllib
from functools import cache
from importlib import resources

from babel import Locale, UnknownLocaleError

_FOLDER = resources.files("polity_notifications.mail") / "catalogues"


@cache
def languages() -> tuple[str, ...]:
    """Returns the languages (BCP 47) that mails are written in, sorted."""
    return tuple(
        sorted(entry.name.removesuffix(".toml") for entry in _FOLDER.iterdir() if entry.name.endswith(".toml"))
    )


@cache
def catalogue(language: str) -> dict[str, str]:
    """Returns the language's strings by their keys; `{…}` in them are filled in.

    French has a space before ; : ! ? » and after «, at which no line may break.
    """
    text = (_FOLDER / f"{language}.toml").read_text("utf-8")
    return tomllib.loads(re.sub(r" (?=[;:!?»])|(?<=«) ", "\u202f", text) if language == "fr" else text)


@cache
def locale(language: str) -> Locale:
    """Returns Babel's locale for a language tag; one that it doesn't know is treated as English.

    English without a country is Britain's, as on the pages: 24 January 2027, 23:59.
    """
    try:
        found = Locale.parse(language, sep="-")
    except (UnknownLocaleError, ValueError):
        return Locale("en", "GB")
    return Locale("en", "GB") if found == Locale("en") else found


def direction(language: str) -> str:
    """Returns the direction of the language's script as HTML names it: ltr or rtl."""
    return "rtl" if locale(language).character_order == "right-to-left" else "ltr"


def language_name(language: str, shown_in: str) -> str:
    """Returns what the language is called in another one, its code where no name is known."""
    return str(locale(shown_in).languages.get(language.partition("-")[0], language))
