"""What a register in CSV may look like, and how each fault is named."""

import asyncio
from typing import Any

import pytest
from polity_membership.errors import InvalidValue
from polity_membership.reference_data.reference import reference
from polity_membership.register_imports.domain.rows import COLUMNS, Entry, read_register
from polity_membership.tabular_import.domain.findings import Reading
from polity_membership.tabular_import.domain.reading import MAX_FAULTS, MAX_ROWS, Changes, Upload
from polity_membership.tabular_import.uploads import table_of
from polity_membership.values.texts import paragraphs

HEADER = "name,country,subdivision,latitude,longitude,population,time_zone,language,contact_name,contact_email\n"
GOOD = "Vienna,AT,AT-9,48.20849,16.37208,1691468,Europe/Vienna,de,Ada,ada@example.org\n"


def reading_of(data: bytes, **changes: Any) -> Reading[Entry]:
    upload = Upload(data, Changes(**changes))
    return read_register(asyncio.run(table_of(upload, COLUMNS)), upload.changes, reference())


def faults(text: str | bytes) -> list[tuple[int, str | None, str]]:
    data = text if isinstance(text, bytes) else text.encode()
    return [(f.line, f.field, f.reason) for f in reading_of(data).faults]


def changed(**cells: str) -> str:
    names = HEADER.strip().split(",")
    values = dict(zip(names, GOOD.strip().split(","), strict=True)) | cells
    return HEADER + ",".join(values[name] for name in names) + "\n"


def test_a_good_row_is_read_as_it_stands() -> None:
    reading = reading_of((HEADER + GOOD).encode())
    assert (reading.counts()["rows"], reading.faults) == (1, [])
    (entry,) = reading.entries
    assert (entry.row.line, entry.key) == (2, ("Vienna", "AT", 48.20849, 16.37208))
    assert (entry.population, entry.subdivision, entry.time_zone) == (1691468, "AT-9", "Europe/Vienna")
    assert entry.contact is not None
    assert (entry.contact.name, entry.contact.email, entry.contact.language) == ("Ada", "ada@example.org", "de")


ROWS = {
    "an unknown country": ({"country": "XX"}, "country", "unknown_country"),
    "a country by its name": ({"country": "Austria"}, "country", "unknown_country"),
    "no country": ({"country": ""}, "country", "missing"),
    "no name": ({"name": "  "}, "name", "missing"),
    "a name too long": ({"name": "V" * 201}, "name", "too_long"),
    "a name like a formula": ({"name": "=1+1"}, "name", "formula_like"),
    "a name behind a tab": ({"name": "\t=1+1"}, "name", "formula_like"),
    "a contact like a formula": ({"contact_name": "@SUM(A1)"}, "contact_name", "formula_like"),
    "a subdivision like a formula": ({"subdivision": "-9"}, "subdivision", "formula_like"),
    "a name of two lines": ({"name": '"Vie\nnna"'}, "name", "control_character"),
    "a name with a NUL": ({"name": "Vie\0nna"}, "name", "control_character"),
    "a latitude beyond the pole": ({"latitude": "90.1"}, "latitude", "out_of_range"),
    "a longitude beyond the date line": ({"longitude": "-180.5"}, "longitude", "out_of_range"),
    "a latitude in words": ({"latitude": "north"}, "latitude", "not_a_number"),
    "a latitude that is not a number": ({"latitude": "nan"}, "latitude", "not_a_number"),
    "a latitude in other digits": ({"latitude": "٤٨"}, "latitude", "other_digits"),
    "no longitude": ({"longitude": ""}, "longitude", "missing"),
    "a population with separators": ({"population": "1.691.468"}, "population", "grouped_number"),
    "a population below nothing": ({"population": "-1"}, "population", "not_a_number"),
    "a population of more than all": ({"population": "9000000000"}, "population", "out_of_range"),
    "an unknown time zone": ({"time_zone": "Europe/Wien"}, "time_zone", "unknown_time_zone"),
    "an unknown language": ({"language": "xq"}, "language", "unknown_language"),
    "an address without a domain": ({"contact_email": "ada"}, "contact_email", "bad_email"),
    "two addresses": ({"contact_email": '"a@example.org,b@example.org"'}, "contact_email", "bad_email"),
    "an address of two lines": ({"contact_email": '"a@example.org\nBcc: b@x.org"'}, "contact_email", "bad_email"),
    "a contact without an address": ({"contact_email": ""}, "contact_email", "missing"),
    "an address without a contact": ({"contact_name": ""}, "contact_name", "missing"),
    "a contact without a language": ({"language": ""}, "language", "missing"),
}  # fmt: skip


@pytest.mark.parametrize("rule", ROWS)
def test_a_faulty_cell_is_named(rule: str) -> None:
    cells, field, reason = ROWS[rule]
    assert faults(changed(**cells)) == [(2, field, reason)]


FINE = {
    "coordinates on the edge": {"latitude": "-90", "longitude": "+180.0"},
    "no subdivision, no population": {"subdivision": "", "population": ""},
    "nobody to write to": {"contact_name": "", "contact_email": "", "language": ""},
    "a country in small letters": {"country": "at"},
    "a language with a region": {"language": "PT-BR"},
    "a name with an apostrophe": {"name": "'s-Hertogenbosch"},
    "a coordinate with a decimal comma": {"latitude": '"48,2"'},
    "a quoted comma": {"name": '"Washington, D.C."'},
}


@pytest.mark.parametrize("rule", FINE)
def test_a_good_cell_is_taken(rule: str) -> None:
    assert faults(changed(**FINE[rule])) == []


FILES: dict[str, tuple[str | bytes, list[tuple[int, str | None, str]] | None]] = {
    "an empty file": (b"", [(1, None, "empty_file")]),
    "Latin-1 in two lines": (
        HEADER.encode() + "Málaga\n".encode("latin-1") + "Vienna\nBogotá\n".encode("latin-1"),
        [(2, None, "wrong_encoding"), (4, None, "wrong_encoding")],
    ),
    "nothing below the headings": (HEADER + "\n", [(1, None, "no_rows")]),
    "UTF-16": ((HEADER + GOOD).encode("utf-16"), [(1, None, "utf_16")]),
    "UTF-16 without a mark": ((HEADER + GOOD).encode("utf-16-le"), [(1, None, "utf_16")]),
    "semicolons": ((HEADER + GOOD.replace("48.20849", "48,20849", 1)).replace(",", ";").replace("48;2", "48,2"), []),
    "semicolons and a mark": ("\ufeff" + (HEADER + GOOD).replace(",", ";"), []),
    "tabs": ((HEADER + GOOD).replace(",", "\t"), []),
    "bars": (
        (HEADER + GOOD).replace(",", "|"),
        [(1, c, "column_missing") for c in HEADER.strip().split(",") if c not in ("subdivision", "population")]
        + [(1, None, "column_unknown")],
    ),
    "a column twice": (HEADER.replace("subdivision", "name") + GOOD, [(1, "name", "column_repeated")]),
    "an unknown column": (HEADER.replace("subdivision", "mayor") + GOOD, [(1, None, "column_unknown")]),
    "a cell too few": (HEADER + "Vienna,AT\n" + GOOD, [(2, None, "cell_count")]),
    "a quote that never closes": (HEADER + GOOD + '"Vienna\n', [(3, None, "not_csv")]),
    "the same place twice": (HEADER + GOOD + GOOD, [(3, "name", "duplicate_in_file")]),
    "the same name elsewhere": (HEADER + GOOD + GOOD.replace("48.20849", "38.9"), []),
    "blank lines": ("\n" + HEADER + "\n" + GOOD + "\n\n", []),
    "two faults in one row": (
        changed(country="XX", latitude="x"),
        [(2, "country", "unknown_country"), (2, "latitude", "not_a_number")],
    ),
    "a fault behind a cell of two lines": (
        HEADER + '"Vie\nnna",AT\n' + GOOD.replace("AT,", "XX,"),
        [(2, None, "cell_count"), (4, "country", "unknown_country")],
    ),
    "too many rows": (HEADER + "x\n" * (MAX_ROWS + 5), None),
    "too many bytes": (b"x" * 5_000_001, [(1, None, "too_large")]),
}


@pytest.mark.parametrize("rule", [rule for rule, (_, expected) in FILES.items() if expected is not None])
def test_a_file_is_read_or_its_faults_are_named(rule: str) -> None:
    text, expected = FILES[rule]
    assert faults(text) == expected


def test_a_column_nearly_named_right_is_suggested() -> None:
    header = HEADER.replace("latitude", "Latitud").replace("contact_email", "e-mail of contact")
    found = reading_of((header + GOOD).encode()).faults
    hints = {fault.value: fault.hint for fault in found if fault.reason == "column_unknown"}
    assert hints == {"latitud": "latitude", "e-mail of contact": None}


def test_a_place_twice_in_the_file_names_the_earlier_line() -> None:
    (fault,) = reading_of((HEADER + GOOD + changed(name="Linz").split("\n")[1] + "\n" + GOOD).encode()).faults
    assert (fault.line, fault.hint) == (4, "2")


def test_a_faulty_row_is_shown_with_its_cells() -> None:
    reading = reading_of(changed(country="XX").encode())
    assert reading.cells[2]["country"] == "XX"
    assert reading.cells[2]["contact_email"] == "ada@example.org"
    assert reading.columns == tuple(HEADER.strip().split(","))


CHANGES: dict[str, tuple[str, dict[str, Any], list[tuple[int, str | None, str]], int, int]] = {
    "a corrected cell": (changed(country="XX"), {"corrections": {2: {"country": "at"}}}, [], 1, 0),
    "a cell corrected wrongly": (
        changed(country="XX"), {"corrections": {2: {"country": "YY"}}}, [(2, "country", "unknown_country")], 0, 0,
    ),
    "a good cell made faulty": (
        changed(), {"corrections": {2: {"latitude": "99"}}}, [(2, "latitude", "out_of_range")], 0, 0,
    ),
    "a row set aside": (changed(country="XX"), {"set_aside": frozenset({2})}, [], 0, 1),
    "a row of too few cells completed": (
        HEADER + "Vienna,AT,,48.2,16.37,,Europe/Vienna\n", {"corrections": {2: {"population": ""}}}, [], 1, 0,
    ),
    "the earlier of two alike set aside": (HEADER + GOOD + GOOD, {"set_aside": frozenset({2})}, [], 1, 1),
    "a duplicate corrected": (HEADER + GOOD + GOOD, {"corrections": {3: {"latitude": "48.3"}}}, [], 2, 0),
    "whatever is faulty set aside": (
        changed(country="XX") + GOOD + GOOD, {"set_aside_faulty": True}, [], 1, 2,
    ),
    "a correction of no row": (changed(), {"corrections": {9: {"name": "x"}}}, [(9, None, "line_unknown")], 1, 0),
    "a correction of no column": (
        changed(), {"corrections": {2: {"mayor": "x"}}}, [(2, "mayor", "column_unknown")], 0, 0,
    ),
}  # fmt: skip


@pytest.mark.parametrize("rule", CHANGES)
def test_what_was_decided_about_a_line_holds(rule: str) -> None:
    text, changes, expected, accepted, set_aside = CHANGES[rule]
    reading = reading_of(text.encode(), **changes)
    assert [(f.line, f.field, f.reason) for f in reading.faults] == expected
    counts = reading.counts()
    assert (counts["accepted"], counts["set_aside"]) == (accepted, set_aside)


def test_a_file_with_too_many_rows_says_so_once() -> None:
    found = faults(FILES["too many rows"][0])
    assert found.count((MAX_ROWS + 2, None, "too_many_rows")) == 1
    assert found[-1][2] == "too_many_rows"


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_byte_order_mark_makes_no_difference(mark: str) -> None:
    assert faults(mark + HEADER + GOOD) == []


def test_names_are_compared_in_one_form_of_unicode() -> None:
    composed, decomposed = "M\u00e1laga", "Ma\u0301laga"
    rows = [GOOD.replace("Vienna", name, 1) for name in (composed, decomposed)]
    assert faults(HEADER + "".join(rows)) == [(3, "name", "duplicate_in_file")]


def test_what_is_shown_of_a_cell_is_short() -> None:
    (fault,) = reading_of(changed(name="=" + "x" * 500).encode()).faults
    assert fault.value is not None
    assert len(fault.value) == 80


@pytest.mark.timeout(60)
def test_a_cell_full_of_combining_marks_is_refused_before_they_are_sorted() -> None:
    """Normalising takes the square of a run of marks: one such cell of a file held the whole process for a minute."""
    marks = "a" + "\u0301" * 60_000 + "\u0316" * 60_000
    assert faults(changed(name=marks)) == [(2, "name", "too_long")]
    with pytest.raises(InvalidValue):
        paragraphs(marks * 20)


@pytest.mark.parametrize("data", [b"x," * 50_000, b"\xff\n" * 50_000])
def test_the_faults_of_a_file_are_told_up_to_a_limit(data: bytes) -> None:
    assert len(reading_of(data).faults) == MAX_FAULTS
