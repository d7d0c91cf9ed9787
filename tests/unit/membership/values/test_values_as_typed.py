"""Numbers, days and texts as spreadsheets leave them: read, or refused in words that are true."""

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from polity_membership.errors import InvalidValue
from polity_membership.values.days import day, moment
from polity_membership.values.numbers import degrees, people
from polity_membership.values.texts import cell_of_text, line_of_text, paragraphs

NOW = datetime(2026, 7, 1, tzinfo=UTC)
MADRID = ZoneInfo("Europe/Madrid")


def degrees_east(value: str) -> float:
    return degrees(value, most=180)


def in_madrid(value: str) -> datetime:
    return moment(value, MADRID, NOW)


READ: list[tuple[Any, str, Any]] = [
    (degrees_east, "-5.4399999999999995", -5.4399999999999995),
    (degrees_east, "−56,1882", -56.1882), (degrees_east, "\u00a0+2.5\u2009", 2.5), (degrees_east, "\u200e7", 7),
    (people, "27\u202f737", 27737), (people, "1 982 097", 1982097), (people, "1’982’097", 1982097),
    (people, "361966.0", 361966), (people, "361966,00", 361966), (people, "053591", 53591),
    (day, "2021-12-09", date(2021, 12, 9)), (day, "2021-12-09 00:00:00", date(2021, 12, 9)),
    (day, "2021-12-09T00:00:00.000", date(2021, 12, 9)),
    (in_madrid, "2021-12-10", datetime(2021, 12, 10, 11, tzinfo=UTC)),
    (in_madrid, "2021-12-10 00:00:00", datetime(2021, 12, 10, 11, tzinfo=UTC)),
    (in_madrid, "2021-12-10 16:30", datetime(2021, 12, 10, 15, 30, tzinfo=UTC)),
    (in_madrid, "2021-12-10T16:30:00.000Z", datetime(2021, 12, 10, 16, 30, tzinfo=UTC)),
    (in_madrid, "2021-12-10T16:30:00+0100", datetime(2021, 12, 10, 15, 30, tzinfo=UTC)),
    (in_madrid, "2021-12-10T00:00:00+01:00", datetime(2021, 12, 9, 23, tzinfo=UTC)),
    (in_madrid, "2021-10-31 02:30+02:00", datetime(2021, 10, 31, 0, 30, tzinfo=UTC)),
    (in_madrid, "2026-07-01", NOW),
    (line_of_text, "\u200f الدوحة \u200e", "الدوحة"), (line_of_text, "Su\u200bwon\ufeff", "Suwon"),
    (line_of_text, "Sa\u0303o\u00a0\u2003Paulo", "São Paulo"), (line_of_text, "Vienna\r\n", "Vienna"),
    (line_of_text, "\u2068Rio\u2069", "Rio"), (line_of_text, "می\u200cخواهم", "می\u200cخواهم"),
]  # fmt: skip
REFUSED: list[tuple[Any, str, str, tuple[str, ...]]] = [
    (degrees_east, "4820849", "decimal_lost", ()), (degrees_east, "548.985", "decimal_lost", ()),
    (degrees_east, "48.208.490", "decimal_lost", ()), (degrees_east, "239.036", "out_of_range", ()),
    (degrees_east, "1,64E+01", "number_shortened", ()), (degrees_east, "05. Dez", "became_a_day", ()),
    (degrees_east, "5-Dec", "became_a_day", ()), (degrees_east, "Dec-05", "became_a_day", ()),
    (degrees_east, "05.12.2021", "became_a_day", ()), (degrees_east, "2021-12-05", "became_a_day", ()),
    (degrees_east, "12월 5일", "became_a_day", ()), (degrees_east, "north", "not_a_number", ()),
    (degrees_east, "126°54'56''E", "degrees_and_minutes", ("126.915556",)),
    (degrees_east, "W 56° 11′ 17,5″", "degrees_and_minutes", ("-56.188194",)),
    (degrees_east, "16.37°", "degrees_and_minutes", ("16.370000",)),
    (degrees_east, "16° O", "not_a_number", ()),  # West in Spanish, east in German.
    (degrees_east, "٤٨", "other_digits", ("48",)),
    (people, "1.982.097", "grouped_number", ("1982097",)), (people, "361,966", "grouped_number", ("361966",)),
    (people, "361.000", "grouped_number", ("361000",)), (people, "1,27E+06", "number_shortened", ()),
    (people, "12.5", "not_a_number", ()), (people, "about 5000", "not_a_number", ()),
    (people, "12 34", "not_a_number", ()), (people, "-1", "not_a_number", ()),
    (day, "44539", "day_serial", ()), (day, "44539.6875", "day_serial", ()),
    (day, "12/9/2021", "day_order", ("2021-09-12", "2021-12-09")), (day, "31/12/2021", "day_order", ("2021-12-31",)),
    (day, "9.12.2021", "day_order", ("2021-12-09",)), (day, "31.02.2021", "day_order", ()),
    (day, "05/05/2021", "day_order", ("2021-05-05",)), (day, "٢٠٢١-١٢-١٠", "other_digits", ("2021-12-10",)),
    (day, "2021-12-09 16:30", "not_a_date", ()), (day, "1899-12-31", "out_of_range", ()),
    (day, "00:00:00", "not_a_date", ()), (day, "2021-02-30", "not_a_date", ()),
    (in_madrid, "2021-12-10 24:00", "hour_24", ("2021-12-10 23:59",)),
    (in_madrid, "2021-12-10 25:00", "not_a_date", ()), (in_madrid, "2026-07-02", "in_the_future", ()),
    (in_madrid, "2026-07-01 12:00", "in_the_future", ()), (in_madrid, "9999-12-31 23:00-14:00", "in_the_future", ()),
    (in_madrid, "2021-03-28 02:30", "hour_skipped", ("2021-03-28 03:30", "2021-03-28 01:30")),
    (in_madrid, "2021-10-31 02:30", "hour_twice", ("2021-10-31 02:30+02:00", "2021-10-31 02:30+01:00")),
    (line_of_text, "\u200b\u2060", "missing", ()), (line_of_text, "\u3164\u3164", "missing", ()),
    (line_of_text, "Sami \u202eelpmaxE", "control_character", ()), (line_of_text, "a\u2066b", "control_character", ()),
    (line_of_text, "a\nb", "control_character", ()), (cell_of_text, "\u200b=1+1", "formula_like", ()),
    (paragraphs, "\u200b\n\u200b", "missing", ()),
]  # fmt: skip


@pytest.mark.parametrize(("read", "value", "expected"), READ)
def test_what_a_person_can_read_is_read(read: Any, value: str, expected: Any) -> None:
    assert read(value) == expected


@pytest.mark.parametrize(("read", "value", "reason", "instead"), REFUSED)
def test_what_is_damaged_is_named_for_what_it_is(read: Any, value: str, reason: str, instead: tuple[str, ...]) -> None:
    with pytest.raises(InvalidValue) as refused:
        read(value)
    assert (refused.value.reason, refused.value.instead) == (reason, instead)


def test_a_day_that_a_zone_skipped_is_not_another_day() -> None:
    """Samoa went from the 29th to the 31st when it changed to the other side of the date line."""
    with pytest.raises(InvalidValue, match="hour_skipped"):
        moment("2011-12-30", ZoneInfo("Pacific/Apia"), NOW)


@given(st.dates(date(1900, 1, 2), date(2026, 6, 30)), st.sampled_from(["", " 00:00:00", "T00:00", " 12:00", " 23:59"]))
def test_no_day_moves_by_one(on: date, at: str) -> None:
    for name in ("Europe/Madrid", "Asia/Seoul", "America/Los_Angeles", "UTC"):
        try:
            found = moment(f"{on}{at}", ZoneInfo(name), NOW)
        except InvalidValue as asked:
            assert asked.reason in ("hour_skipped", "hour_twice")  # noqa: PT017
        else:
            assert found.astimezone(ZoneInfo(name)).date() == on


@given(st.text(max_size=60))
def test_whatever_is_typed_is_read_or_refused(value: str) -> None:
    for read in (degrees_east, people, day, in_madrid, line_of_text, cell_of_text, paragraphs):
        try:
            read(value)
        except InvalidValue:
            continue


@given(st.text(st.characters(categories=["L", "Mn", "Cf", "Zs", "Nd"]), max_size=30))
def test_a_line_of_text_read_again_is_the_same(value: str) -> None:
    try:
        once = line_of_text(value)
    except InvalidValue:
        return
    assert line_of_text(once) == once
