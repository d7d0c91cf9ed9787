"""The same words as plain text and as HTML; what is borrowed from another language says so in both."""

from dataclasses import dataclass
from datetime import datetime

from babel.dates import format_date, format_time, get_timezone_gmt, get_timezone_name
from babel.numbers import format_decimal
from markupsafe import Markup, escape

from polity_notifications.domain.texts import Said
from polity_notifications.mail.catalogue import catalogue, direction, language_name, locale

CLOCKS = {"ko": "aaaa h:mm"}
"""Where people write the time otherwise than the locale data's short form does: 오후 11:59, not PM 11:59."""


@dataclass(frozen=True, slots=True)
class Plain:
    """Words for the text part and the subject."""

    language: str

    def t(self, key: str, **values: object) -> str:
        """Returns the catalogue's string with its places filled; raises KeyError where one is missing."""
        return catalogue(self.language)[key].format(**values)

    def say(self, said: Said) -> str:
        """Returns what a network or a city wrote, with its language behind it where it isn't the reader's."""
        return f"{said.text} {self.borrowed(said)}" if said.borrowed else said.text

    def name(self, name: str) -> str:
        """Returns the name of a person or place, which may be of another script than the sentence around it."""
        return name

    def borrowed(self, said: Said) -> str:
        """Returns the note that names the language of the text."""
        return Plain.t(self, "borrowed", language=language_name(said.language, self.language))

    def number(self, value: int) -> str:
        """Returns the number in the language's digits, ungrouped as in the names of campaigns."""
        return format_decimal(value, locale=locale(self.language), group_separator=False)

    def moment(self, local: datetime) -> dict[str, str]:
        """Returns day and time of an aware local time, its zone's name and its distance from UTC, in words."""
        spoken = locale(self.language)
        clock = format_time(local, CLOCKS.get(spoken.language, "short"), locale=spoken)
        offset = get_timezone_gmt(local, "iso8601", locale=spoken)
        return {
            "when": self.t("when", day=format_date(local, "full", spoken), time=clock),
            "zone": get_timezone_name(local, "long", locale=spoken),
            "offset": "UTC" if offset == "Z" else f"UTC{offset}",
        }


@dataclass(frozen=True, slots=True)
class Rich(Plain):
    """Words for the HTML part: everything that came from outside is escaped."""

    def t(self, key: str, **values: object) -> Markup:
        return Markup(catalogue(self.language)[key]).format(**values)  # noqa: S704

    def name(self, name: str) -> Markup:
        return Markup("<bdi>{}</bdi>").format(name) if direction(self.language) == "rtl" else escape(name)

    def say(self, said: Said) -> Markup:
        text = Markup('<span lang="{}" dir="{}">{}</span>').format(
            said.language, direction(said.language), escape(said.text)
        )
        return Markup("{} {}").format(text, self.borrowed(said)) if said.borrowed else text
