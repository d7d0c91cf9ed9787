"""Days and moments as spreadsheets write them. None is guessed, and none moves to another day."""

import re
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from polity_membership.errors import InvalidValue
from polity_membership.values.numbers import in_ascii_digits
from polity_membership.values.texts import seen

EARLIEST = date(1900, 1, 1)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MIDNIGHT = re.compile(r"[T ]00:00(:00(\.0{1,9})?)?")
"""As a spreadsheet writes a day: nobody signs at that very second."""
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}:?[0-9]{2})?"
)
_HOUR_24 = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]24:00(:00)?")
_SERIAL = re.compile(r"[0-9]{4,6}([.,][0-9]+)?")
_OTHER_ORDER = re.compile(r"([0-9]{1,2})([./-])([0-9]{1,2})\2([0-9]{4})(.*)")


def day(value: str) -> date:
    """Returns the day; raises InvalidValue. A midnight without an offset is how a spreadsheet writes its day."""
    text = seen(value)
    if _MIDNIGHT.fullmatch(text[10:]):
        text = text[:10]
    if not _DATE.fullmatch(text):
        raise _unreadable(text)
    return _checked(text)


def moment(value: str, zone: ZoneInfo, now: datetime) -> datetime:
    """Returns the instant in UTC of a day, a day and time in the zone, or an instant with its offset.

    Raises InvalidValue.
    A day alone, or a midnight without an offset, is that day's noon in the zone, or `now` where it is earlier.
    """
    text = seen(value)
    if not _MOMENT.fullmatch(text):
        return _noon(day(text), zone, now)
    if _checked(text[:10]).year > now.year + 1:
        # Near the end of the calendar there is no such moment in UTC.
        raise InvalidValue("in_the_future")
    if _MIDNIGHT.fullmatch(text[10:]):
        return _noon(day(text), zone, now)
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        raise _unreadable(text) from None
    at = (given if given.tzinfo else _on_the_clock(given, zone)).astimezone(UTC)
    if at > now:
        raise InvalidValue("in_the_future")
    return at


def _noon(on: date, zone: ZoneInfo, now: datetime) -> datetime:
    if on > now.astimezone(zone).date():
        raise InvalidValue("in_the_future")
    return min(_on_the_clock(datetime.combine(on, time(12)), zone).astimezone(UTC), now)


def _on_the_clock(given: datetime, zone: ZoneInfo) -> datetime:
    """Returns when the zone's clocks showed this; raises InvalidValue if they skipped it or showed it twice.

    How the offsets before and after differ tells which (PEP 495).
    """
    first, second = given.replace(tzinfo=zone), given.replace(tzinfo=zone, fold=1)
    before, after = first.utcoffset(), second.utcoffset()
    assert before is not None
    assert after is not None
    if before < after:
        raise InvalidValue(
            "hour_skipped", *(f"{at.astimezone(UTC).astimezone(zone):%Y-%m-%d %H:%M}" for at in (first, second))
        )
    if before > after:
        raise InvalidValue("hour_twice", *(at.isoformat(" ", "minutes") for at in (first, second)))
    return first


def _checked(text: str) -> date:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        raise InvalidValue("not_a_date") from None
    if found < EARLIEST:
        raise InvalidValue("out_of_range")
    return found


def _unreadable(text: str) -> InvalidValue:
    if _SERIAL.fullmatch(text):
        return InvalidValue("day_serial")
    if at_end := _HOUR_24.fullmatch(text):
        return InvalidValue("hour_24", f"{at_end[1]} 23:59")
    if turned := _OTHER_ORDER.fullmatch(text):
        return InvalidValue("day_order", *_either_way(turned))
    plain = in_ascii_digits(text)
    return InvalidValue("other_digits", plain) if plain != text else InvalidValue("not_a_date")


def _either_way(match: re.Match[str]) -> list[str]:
    """Returns the days that the numbers can mean. Where dots are written between them, the day comes first."""
    first, between, second, year, rest = match.groups()
    orders = [(first, second)] if between == "." else [(first, second), (second, first)]
    found = {f"{year}-{int(month):02}-{int(on):02}": None for on, month in orders}
    return [written + rest for written in found if _is_day(written)]


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
