"""What an XLSX workbook may look like, how it becomes a table, and how each fault is named."""

import asyncio
import struct
import zipfile
import zlib
from io import BytesIO
from typing import Any

import pytest
from polity_local.testing.workbooks import sheet_of, workbook_of
from polity_membership.reference_data.reference import reference
from polity_membership.register_imports.domain.rows import COLUMNS, read_register
from polity_membership.tabular_import.domain import workbook_parts
from polity_membership.tabular_import.domain.findings import Fault
from polity_membership.tabular_import.domain.reading import Changes, Table, Upload
from polity_membership.tabular_import.domain.workbook_parts import LAST_ROW, MAX_COLUMNS
from polity_membership.tabular_import.uploads import table_of

HEADINGS = ["name", "country", "latitude", "longitude", "time_zone", "language", "contact_name", "contact_email"]
VIENNA = ["Vienna", "AT", 48.20849, 16.37208, "Europe/Vienna", "de", "Ada", "ada@example.org"]
ENCRYPTED = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le")


def table(data: bytes, sheet: str | None = None) -> Table:
    return asyncio.run(table_of(Upload(data, Changes(sheet=sheet)), COLUMNS))


def told(data: bytes, sheet: str | None = None) -> list[tuple[int, str, str | None]]:
    return [(fault.line, fault.reason, fault.value) for fault in table(data, sheet).faults]


def register(data: bytes, **changes: Any) -> Any:
    upload = Upload(data, Changes(**changes))
    return read_register(asyncio.run(table_of(upload, COLUMNS)), upload.changes, reference())


def one_cell(cell: str | float) -> str:
    ((_, record),) = table(workbook_of(("Sheet", sheet_of([[cell]])))).records
    return record[0]


FIELD_PARSERS: dict[str, tuple[str | float, str]] = {
    "text": ("Évora & Beja", "Évora & Beja"),
    "a whole number": (27737, "27737"),
    "a whole number written with a point": ("<c><v>361966.0</v></c>", "361966"),
    "a coordinate": (-34.9033, "-34.9033"),
    "a coordinate near Greenwich": (-0.00005, "-0.00005"),
    "a binary tail": ("<c><v>126.91560000000001</v></c>", "126.9156"),
    "a day": ('<c s="1"><v>44540</v></c>', "2021-12-10"),
    "a day and time": ('<c s="2"><v>44540.6875</v></c>', "2021-12-10 16:30:00"),
    "a time between two seconds": ('<c s="2"><v>44540.70833</v></c>', "2021-12-10 17:00:00"),
    "the last moment of the calendar": ('<c s="2"><v>2958465.9999999</v></c>', "9999-12-31 23:59:59"),
    "a boolean": ('<c t="b"><v>1</v></c>', "TRUE"),
    "a formula of a number": ("<c><f>A2+1</f><v>7</v></c>", "7"),
    "a formula of a text": ('<c t="str"><f>A2</f><v>Suwon</v></c>', "Suwon"),
    "an error": ('<c t="e"><v>#REF!</v></c>', "#REF!"),
    "a formula that was never computed": ("<c><f>A2+1</f><v></v></c>", "=A2+1"),
}


@pytest.mark.parametrize("kind", FIELD_PARSERS)
def test_a_cell_is_read_as_its_text(kind: str) -> None:
    cell, expected = FIELD_PARSERS[kind]
    assert one_cell(cell) == expected


def test_rows_keep_the_lines_that_their_sender_sees() -> None:
    data = workbook_of(("Sheet", sheet_of([[], HEADINGS, [], VIENNA])))
    assert [line for line, record in table(data).records if any(record)] == [2, 4]
    (entry,) = register(data).entries
    assert (entry.row.line, entry.key) == (4, ("Vienna", "AT", 48.20849, 16.37208))


def test_a_failed_and_an_uncomputed_formula_are_faults_of_their_cells_and_corrected_there() -> None:
    failed = ["<c t='e'><f>B9</f><v>#REF!</v></c>", *VIENNA[1:]]
    never = ["<c><f>A2</f></c>", *VIENNA[1:]]
    data = workbook_of(("Sheet", sheet_of([HEADINGS, VIENNA, failed, never])))
    assert register(data).faults == [
        Fault(3, "name", "cell_error", "#REF!"),
        Fault(4, "name", "formula_without_value", "=A2"),
    ]
    mended = {3: {"name": "Linz", "latitude": "48.3"}, 4: {"name": "Graz", "latitude": "47.07"}}
    reading = register(data, corrections=mended)
    assert (reading.faults, len(reading.entries)) == ([], 3)


@pytest.mark.parametrize("error", ["#REF!", "#N/A", "#DIV/0!", "#NAME?", "#BEZUG!"])
def test_an_error_in_a_csv_file_is_named_too(error: str) -> None:
    text = ",".join(HEADINGS) + f"\n{error}," + ",".join(map(str, VIENNA[1:])) + "\n"
    assert register(text.encode()).faults == [Fault(2, "name", "cell_error", error)]


def test_of_several_sheets_one_is_asked_for() -> None:
    hidden = ("Lists", sheet_of([["AT"]]))
    data = workbook_of(
        ("Notes", sheet_of([["Read me"]])),
        ("Empty", "<sheetData/>"),
        ("Städte & <mehr>", sheet_of([HEADINGS, VIENNA])),
        hidden,
        hidden=["Lists"],
    )
    names = ({"sheet": "Notes"}, {"sheet": "Städte & <mehr>"})
    assert table(data).faults == [Fault(1, None, "sheet_to_choose", suggestions=names)]
    assert register(data, sheet="Städte & <mehr>").counts()["accepted"] == 1
    assert table(data, "Lists").faults == [Fault(1, None, "sheet_unknown", suggestions=names)]
    assert told(data, "Notes") == []
    assert [fault.reason for fault in register(data, sheet="Empty").faults] == ["empty_file"]


def test_the_only_sheet_with_content_is_read() -> None:
    data = workbook_of(("Sheet 1", "<sheetData/>"), ("Sheet 2", sheet_of([HEADINGS, VIENNA])))
    assert register(data).counts()["accepted"] == 1


def test_merged_cells_are_named_where_they_touch_the_table() -> None:
    merged = '<mergeCells><mergeCell ref="A2:A3"/><mergeCell ref="B2:C2"/><mergeCell ref="A90:C90"/></mergeCells>'
    data = workbook_of(("Sheet", sheet_of([HEADINGS, VIENNA, VIENNA], merged)))
    assert told(data) == [(2, "merged_cells", "A2:A3"), (2, "merged_cells", "B2:C2")]


def far(row: int, column: str, cell: str = "<v>1</v>") -> bytes:
    return workbook_of(("Sheet", f'<sheetData><row r="{row}"><c r="{column}{row}">{cell}</c></row></sheetData>'))


def test_a_cell_far_away_is_named_before_the_area_is_taken() -> None:
    """The area of one such cell and A1 is 550 GB to calamine, and ends the process."""
    assert told(far(1_048_576, "XFD")) == [(1, "cell_too_far", "XFD1048576")]
    assert told(far(LAST_ROW + 1, "A")) == [(1, "cell_too_far", f"A{LAST_ROW + 1}")]
    assert told(far(1, "CW")) == [(1, "cell_too_far", "CW1")]
    assert workbook_parts.cell_name(1, MAX_COLUMNS) == "CV1"
    assert told(far(LAST_ROW, "CV")) == []


def test_a_cell_far_away_that_has_only_a_form_is_nothing() -> None:
    inner = sheet_of([HEADINGS, VIENNA]).replace(
        "</sheetData>", '<row r="1048576"><c r="XFD1048576" s="1"/></row></sheetData>'
    )
    assert register(workbook_of(("Sheet", inner))).counts()["accepted"] == 1


def test_cells_without_their_places_are_counted_as_they_come() -> None:
    inner = f"<sheetData>{'<row/>' * LAST_ROW}<row><c><v>1</v></c></row></sheetData>"
    assert told(workbook_of(("Sheet", inner))) == [(1, "cell_too_far", f"A{LAST_ROW + 1}")]


def test_what_cells_share_is_counted_for_each_of_them() -> None:
    """1,100,000 cells of one text of 30 MB are 33 TB."""
    cells = [['<c t="s"><v>0</v></c>'] * 20] * 100
    shared = {"xl/sharedStrings.xml": b"<sst><si><t>" + b"x" * 30_000 + b"</t></si></sst>"}
    assert told(workbook_of(("Sheet", sheet_of(cells)), more=shared)) == [(1, "workbook_too_large", None)]
    ((_, record),) = table(workbook_of(("Sheet", sheet_of([cells[0][:1]])), more=shared)).records
    assert record == ["x" * 30_000]


def test_what_opens_to_too_much_is_not_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipfile.ZipFile, "read", None)
    data = workbook_of(("Sheet", sheet_of([HEADINGS])), more={"xl/styles.xml": b" " * 40_000_001})
    assert len(data) < 100_000
    assert told(data) == [(1, "workbook_too_large", None)]


def test_a_part_that_opens_to_more_than_it_says_is_cut_there() -> None:
    """Whoever trusts the directory of a zip file alone has opened it all before its checksum is compared."""
    packed = workbook_of(("Sheet", sheet_of([HEADINGS, VIENNA])), more={"xl/styles.xml": b" " * 3_000_000})
    lying = packed.replace(struct.pack("<I", 3_000_000), struct.pack("<I", 10))
    lying = lying.replace(struct.pack("<I", zlib.crc32(b" " * 3_000_000)), struct.pack("<I", zlib.crc32(b" " * 10)))
    assert lying != packed
    assert workbook_parts.parts_of(lying)["xl/styles.xml"] == b" " * 10


def other_zip(**parts: bytes) -> bytes:
    written = BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name, part in parts.items():
            archive.writestr(name.replace("__", "/"), part)
    return written.getvalue()


def locked_zip() -> bytes:
    data = bytearray(workbook_of(("Sheet", sheet_of([HEADINGS]))))
    for mark, place in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        at = data.find(mark)
        while at >= 0:
            data[at + place] |= 1
            at = data.find(mark, at + 1)
    return bytes(data)


GOOD = workbook_of(("Sheet", sheet_of([HEADINGS, VIENNA])))
NOT_READ: dict[str, tuple[bytes, str]] = {
    "an .xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "not_xlsx"),
    "an .ods": (other_zip(mimetype=b"application/vnd.oasis.opendocument.spreadsheet", content=b"<x/>"), "not_xlsx"),
    "an .xlsb": (other_zip(xl__workbook=b"", xl__sheet=b""), "not_xlsx"),
    "an empty archive": (b"PK\5\6" + b"\0" * 18, "not_xlsx"),
    "a password": (ENCRYPTED, "workbook_locked"),
    "an archive with a password": (locked_zip(), "workbook_locked"),
    "half of a file": (GOOD[: len(GOOD) // 2], "workbook_damaged"),
    "an archive's beginning": (b"PK\3\4 and no more", "workbook_damaged"),
    "a byte turned": (GOOD[:60] + bytes([GOOD[60] ^ 255]) + GOOD[61:], "workbook_damaged"),
    "a sheet that is no XML": (workbook_of(("Sheet", "<sheetData>")), "workbook_damaged"),
    "a document type": (
        workbook_of(("S", ""), more={"xl/worksheets/sheet1.xml": b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'}),
        "workbook_damaged",
    ),
    "a place that is none": (
        workbook_of(("S", '<sheetData><row r="1"><c r="?1"><v>1</v></c></row></sheetData>')), "workbook_damaged",
    ),
    "a row without end": (
        workbook_of(("S", f'<sheetData><row r="{"9" * 99}"><c><v>1</v></c></row></sheetData>')), "workbook_damaged",
    ),
    "nothing in it": (workbook_of(("Sheet", "<sheetData/>")), "empty_file"),
}  # fmt: skip


@pytest.mark.parametrize("kind", NOT_READ)
def test_what_cannot_be_read_says_why(kind: str) -> None:
    data, reason = NOT_READ[kind]
    assert told(data) == [(1, reason, None)]
