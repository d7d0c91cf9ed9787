"""The languages of the pages: catalogues, text with a fallback, dates, numbers and names of places."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import Any
from unicodedata import bidirectional
from zoneinfo import ZoneInfo

from babel import Locale, negotiate_locale
from babel.dates import (
    format_date,
    format_datetime,
    format_skeleton,
    format_time,
    get_timezone_gmt,
    get_timezone_location,
)
from babel.lists import format_list
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent
from babel.support import NullTranslations, Translations
from markupsafe import Markup

LOCALES = {"en": "en_GB", "es": "es", "fr": "fr", "pt": "pt", "ko": "ko", "ar": "ar"}
"""Language of the address (BCP 47) to the locale whose dates and numbers it uses. English is the source."""

CLOCKS = {"ko": "aaaa h:mm"}
"""Time formats that differ from the short form of the locale data: 오후 11:59, not PM 11:59."""

RIGHT_TO_LEFT = {"R", "AL"}
"""Bidirectional classes (UAX 9) of letters that are written from right to left."""

FALLBACK = "en"
CATALOGUES = Path(__file__).parents[1] / "locale"


def N_(message: str) -> str:  # noqa: N802 - the customary mark for "translate later"
    """Returns the message, and marks it for extraction."""
    return message


@dataclass(frozen=True)
class Worded:
    """A text in the language it was found in; `foreign` if that is not the page's."""

    text: str
    language: str
    direction: str
    foreign: bool

    @property
    def paragraphs(self) -> list[str]:
        return [part.strip() for part in self.text.split("\n\n") if part.strip()]


def _french(text: Any) -> Any:
    """Returns the text, or its plural forms, with no-break spaces before ; : ! ? » and after «."""
    if isinstance(text, str):
        return re.sub(r" (?=[;:!?»])|(?<=«) ", "\u202f", text)
    return tuple(map(_french, text))


def catalogue(code: str) -> NullTranslations:
    """Returns the translations of a language, read from its .po file; none for English."""
    path = CATALOGUES / code / "LC_MESSAGES" / "portal.po"
    if not path.exists():
        return NullTranslations()
    with path.open("rb") as source:
        messages = read_po(source, locale=code)
    if code == "fr":
        for message in messages:
            message.string = _french(message.string)
    compiled = BytesIO()
    write_mo(compiled, messages)
    compiled.seek(0)
    return Translations(compiled, "portal")


@dataclass(frozen=True)
class Language:
    """One language of the pages and how it writes things."""

    code: str
    locale: Locale

    @property
    def direction(self) -> str:
        return self.locale.text_direction

    @property
    def own_name(self) -> str:
        """The language's name for itself, as a heading writes it."""
        name = Locale.parse(self.code).get_display_name(self.code) or self.code
        return name[:1].upper() + name[1:]

    @cached_property
    def translations(self) -> NullTranslations:
        return catalogue(self.code)

    def say(self, message: str) -> str:
        return str(self.translations.ugettext(message))

    def text(self, texts: Mapping[str, str], fallback: str) -> Worded:
        """Returns the text in this language, else in `fallback`, else in any language there is."""
        order = (self.code, fallback, *texts)
        found = next((code for code in order if texts.get(code)), fallback)
        locale = Locale.parse(found, sep="-")
        return Worded(texts.get(found, ""), found, locale.text_direction, locale.language != self.locale.language)

    def language_name(self, code: str) -> str:
        return Locale.parse(code, sep="-").get_display_name(self.locale) or code

    def country(self, code: str) -> str:
        """An ISO 3166-1 country in this language."""
        return str(self.locale.territories.get(code, code))

    def region(self, code: str) -> str:
        """A UN M49 region in this language."""
        return str(self.locale.territories.get(code, code))

    def number(self, value: float) -> str:
        return format_decimal(value, locale=self.locale)

    def percent(self, part: float, whole: float) -> str:
        return format_percent(part / whole if whole else 0, format="#,##0 %", locale=self.locale)

    def day(self, value: date) -> str:
        return format_date(value, format="long", locale=self.locale)

    def day_there(self, at: datetime, zone: str) -> str:
        """The day on which the instant falls in the IANA zone."""
        return self.day(at.astimezone(ZoneInfo(zone)).date())

    def brief_day(self, at: datetime, zone: str) -> str:
        """The day on which the instant falls in the IANA zone, for a narrow column."""
        return format_date(at.astimezone(ZoneInfo(zone)).date(), format="medium", locale=self.locale)

    def short_day(self, value: date) -> str:
        return format_skeleton("MMMd", value, locale=self.locale)

    def moment(self, at: datetime, zone: str) -> str:
        """The instant as clocks in the IANA zone show it, naming the place and its distance from UTC."""
        info = ZoneInfo(zone)
        local = at.astimezone(info)
        place = get_timezone_location(info, locale=self.locale, return_city=True)
        offset = get_timezone_gmt(local, width="iso8601", locale=self.locale)
        clock = self.clock(at, zone)
        written = self.say(N_("%(day)s, %(time)s (%(place)s, %(offset)s)"))
        if place == "UTC":
            written = self.say(N_("%(day)s, %(time)s (%(offset)s)"))
        shift = "UTC" if place == "UTC" or offset == "Z" else f"UTC{offset}"
        return written % {"day": self.day(local.date()), "time": clock, "place": place, "offset": shift}

    def clock(self, at: datetime, zone: str) -> str:
        """The time of day of the instant as clocks in the IANA zone show it."""
        local = at.astimezone(ZoneInfo(zone))
        return format_time(local, format=CLOCKS.get(self.code, "short"), locale=self.locale)

    def second(self, at: datetime) -> str:
        """The instant in UTC to the second, as a log shows it."""
        return format_datetime(at, format="medium", tzinfo=ZoneInfo("UTC"), locale=self.locale)

    def isolated(self, name: str) -> str:
        """The name of a person or place, marked where its letters could be put in the wrong order (HTML's bdi)."""
        if self.direction == "ltr" and not any(bidirectional(letter) in RIGHT_TO_LEFT for letter in name):
            return name
        return Markup("<bdi>{}</bdi>").format(name)

    def listed(self, items: Sequence[str]) -> str:
        return format_list(items, locale=self.locale)


LANGUAGES = {code: Language(code, Locale.parse(name)) for code, name in LOCALES.items()}


def preferred(accept_language: str) -> Language:
    """Returns the page language that fits an Accept-Language header best (RFC 9110, 12.5.4); English if none does."""
    weighted = []
    for part in accept_language.split(",")[:20]:
        tag, _, quality = part.strip().partition(";q=")
        try:
            weighted.append((-float(quality or 1), tag.strip()))
        except ValueError:
            continue
    wanted = [tag.split("-")[0].lower() for _, tag in sorted(weighted, key=lambda pair: pair[0]) if tag]
    return LANGUAGES[negotiate_locale(wanted, list(LANGUAGES)) or FALLBACK]
