"""Numbers as spreadsheets of any country write them. What one has damaged is named for what it is, and not guessed."""

import re

from polity_membership.errors import InvalidValue
from polity_membership.values.texts import seen

MAX_POPULATION = 2_000_000_000
_MINUS = str.maketrans({"\u2212": "-", "\ufe63": "-", "\uff0d": "-"})
_DECIMAL = re.compile(r"[+-]?[0-9]{1,3}([.,][0-9]{1,25})?")
"""As many places as a program writes of a double: -5.4399999999999995."""
_WHOLE = re.compile(r"[0-9]{1,12}([.,]0{1,2})?")
"""A program that knows decimals only writes a whole number with nothing behind the sign."""
_SPACED = re.compile(r"[0-9]{1,3}([\s'\u2019][0-9]{3})+")
"""Spaces of any width, or apostrophes, between the thousands: never a decimal sign anywhere."""
_GROUPED = re.compile(r"[0-9]{1,3}([.,][0-9]{3})+")
_EXPONENT = re.compile(r"[+-]?[0-9]+([.,][0-9]+)?[eE][+-]?[0-9]+")
_DIGITS = re.compile(r"[+-]?[0-9][0-9.,]*")
_MONTH = (
    r"(?:jan|ene|gen|feb|fev|fév|mar|mär|mrt|apr|abr|avr|may|mai|mag|jun|jui|giu|jul|lug|aug|ago|aoû|sep|set|oct|okt|out|"
    r"ott|nov|dec|dez|dic|déc)[^\W\d]{0,7}"
)
_DAY = re.compile(
    rf"[0-9]{{1,2}}[ ./-]+{_MONTH}\.?([ ./-]+[0-9]{{2,4}})?|{_MONTH}\.?[ ./-]+[0-9]{{1,4}}"
    r"|(?:0?[1-9]|[12][0-9]|3[01])[/.-](?:0?[1-9]|1[0-2])[/.-](?:[0-9]{2}|[0-9]{4})"
    r"|[0-9]{4}-[0-9]{2}-[0-9]{2}.*|[0-9]{1,2}월 ?[0-9]{1,2}일",
    re.IGNORECASE,
)
"""What a spreadsheet makes of 5.12 where it takes it for the fifth of December."""
_SEXAGESIMAL = re.compile(
    r"(?P<before>[NSEW]?) *(?P<sign>-?)(?P<degrees>[0-9]{1,3}(?:[.,][0-9]+)?) *[°º] *"
    r"(?:(?P<minutes>[0-9]{1,2}(?:[.,][0-9]+)?) *['′’] *)?(?:(?P<seconds>[0-9]{1,2}(?:[.,][0-9]+)?) *(?:''|[\"″”]) *)?"
    r"(?P<after>[NSEW]?)",
    re.IGNORECASE,
)


def degrees(value: str, most: int) -> float:
    """Returns decimal degrees of at most `most` to either side; raises InvalidValue."""
    text = seen(value).translate(_MINUS)
    if _DECIMAL.fullmatch(text):
        found = float(text.replace(",", "."))
        if abs(found) <= most:
            return found
        raise InvalidValue("out_of_range" if abs(found) <= 360 else "decimal_lost")
    if sexagesimal := _SEXAGESIMAL.fullmatch(text):
        raise InvalidValue("degrees_and_minutes", _decimal_of(sexagesimal))
    if _DIGITS.fullmatch(text) and not _DAY.fullmatch(text):
        raise InvalidValue("decimal_lost")
    raise _damaged(text)


def people(value: str) -> int:
    """Returns how many inhabitants; raises InvalidValue."""
    text = seen(value)
    if _SPACED.fullmatch(text):
        text = "".join(filter(str.isdigit, text))
    if _GROUPED.fullmatch(text):
        raise InvalidValue("grouped_number", "".join(filter(str.isdigit, text)))
    if not _WHOLE.fullmatch(text):
        raise _damaged(text)
    found = int(re.split("[.,]", text)[0])
    if found > MAX_POPULATION:
        raise InvalidValue("out_of_range")
    return found


def plain(value: str) -> str:
    """Returns the number with a plain minus and a decimal point, as programs write it."""
    return seen(value).translate(_MINUS).replace(",", ".").removeprefix("+")


def in_ascii_digits(text: str) -> str:
    """Returns the text with the digits of any script written as 0 to 9."""
    return "".join(str(int(c)) if c.isdecimal() else c for c in text)


def moved_decimal_signs(value: str) -> list[str]:
    """Returns the number with its decimal sign behind the first, second or third digit, where it has stood."""
    sign = "-" if value.strip().translate(_MINUS).startswith("-") else ""
    digits = "".join(c for c in value if c in "0123456789")
    return [f"{sign}{digits[:place]}.{digits[place:]}" for place in (1, 2, 3) if place < len(digits)]


def _damaged(text: str) -> InvalidValue:
    if _EXPONENT.fullmatch(text):
        return InvalidValue("number_shortened")
    if _DAY.fullmatch(text):
        return InvalidValue("became_a_day")
    plain = in_ascii_digits(text)
    if plain != text:
        return InvalidValue("other_digits", plain)
    return InvalidValue("not_a_number")


def _decimal_of(match: re.Match[str]) -> str:
    """Returns the degrees as a decimal with six places, which is a tenth of a metre."""
    whole, minutes, seconds = (
        float((match[name] or "0").replace(",", ".")) for name in ("degrees", "minutes", "seconds")
    )
    below = match["sign"] or (match["before"] + match["after"]).upper() in ("S", "W")
    return f"{'-' if below else ''}{whole + minutes / 60 + seconds / 3600:.6f}"
