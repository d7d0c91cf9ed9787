"""What a register in CSV may look like, and how each fault is named."""

import pytest
from polity_membership.domain.cells import Bad, paragraphs
from polity_membership.domain.register import MAX_FAULTS, MAX_ROWS, read_register
from polity_membership.storage.reference import reference

HEADER = "name,country,subdivision,latitude,longitude,population,time_zone,language,contact_name,contact_email\n"
GOOD = "Vienna,AT,AT-9,48.20849,16.37208,1691468,Europe/Vienna,de,Ada,ada@example.org\n"


def faults(text: str | bytes) -> list[tuple[int, str | None, str]]:
    data = text if isinstance(text, bytes) else text.encode()
    return [(f.line, f.field, f.reason) for f in read_register(data, reference()).faults]


def changed(**cells: str) -> str:
    names = HEADER.strip().split(",")
    values = dict(zip(names, GOOD.strip().split(","), strict=True)) | cells
    return HEADER + ",".join(values[name] for name in names) + "\n"


def test_a_good_row_is_read_as_it_stands() -> None:
    reading = read_register((HEADER + GOOD).encode(), reference())
    assert (reading.rows, reading.faults) == (1, [])
    (entry,) = reading.entries
    assert (entry.line, entry.place) == (2, ("Vienna", "AT", 48.20849, 16.37208))
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
    "a latitude with a decimal comma": ({"latitude": '"48,2"'}, "latitude", "not_a_number"),
    "a latitude that is not a number": ({"latitude": "nan"}, "latitude", "not_a_number"),
    "a latitude in other digits": ({"latitude": "٤٨"}, "latitude", "not_a_number"),
    "no longitude": ({"longitude": ""}, "longitude", "missing"),
    "a population with separators": ({"population": "1.691.468"}, "population", "not_a_number"),
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
    "UTF-16": ((HEADER + GOOD).encode("utf-16"), [(1, None, "wrong_encoding")]),
    "semicolons": (
        (HEADER + GOOD).replace(",", ";"),
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
    (fault,) = read_register(changed(name="=" + "x" * 500).encode(), reference()).faults
    assert fault.value is not None
    assert len(fault.value) == 80


@pytest.mark.timeout(60)
def test_a_cell_full_of_combining_marks_is_refused_before_they_are_sorted() -> None:
    """Normalising takes the square of a run of marks: one such cell of a file held the whole process for a minute."""
    marks = "a" + "\u0301" * 60_000 + "\u0316" * 60_000
    assert faults(changed(name=marks)) == [(2, "name", "too_long")]
    with pytest.raises(Bad):
        paragraphs(marks * 20)


@pytest.mark.parametrize("data", [b"x," * 50_000, b"\xff\n" * 50_000])
def test_the_faults_of_a_file_are_told_up_to_a_limit(data: bytes) -> None:
    assert len(read_register(data, reference()).faults) == MAX_FAULTS
