"""XLSX workbooks: one sheet of them is read as the table that a CSV file is, formulas by their value."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from python_calamine import CalamineError, CalamineWorkbook

from polity_membership.tabular_import.domain.findings import SHOWN_CHARACTERS, Fault
from polity_membership.tabular_import.domain.reading import MAX_FAULTS, Table
from polity_membership.tabular_import.domain.workbook_parts import (
    MAX_OPENED_BYTES,
    NotOpened,
    SheetScan,
    begins_at,
    parts_of,
    scans_of,
    shown_sheets,
    with_one_sheet,
)

_ZIP = (b"PK\3\4", b"PK\5\6")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""Old workbooks (.xls) begin so, and new ones that ask for a password."""
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_LAST = datetime(9999, 12, 31, 23, 59, 59)  # noqa: DTZ001 - as the cell has none
Cell = str | float | bool | date | time | timedelta


def is_workbook(data: bytes) -> bool:
    """Returns whether the content, whatever its name, is a workbook's rather than text."""
    return data.startswith((*_ZIP, _OLE))


def workbook_table(data: bytes, sheet: str | None) -> Table:
    """Returns the records of the sheet, or of the only one with content; or the faults for which it can't be read."""
    try:
        return _table(data, sheet)
    except NotOpened as refused:
        return _refused(refused.reason)


def _table(data: bytes, wanted: str | None) -> Table:
    if data.startswith(_OLE):
        raise NotOpened("workbook_locked" if _ENCRYPTED in data else "not_xlsx")
    parts = parts_of(data)
    sheets = shown_sheets(parts)
    scans = scans_of(parts, sheets)
    filled = [name for name, scan in scans.items() if scan.last_row]
    if wanted is not None and wanted not in scans:
        return _to_choose("sheet_unknown", filled)
    if wanted is None and len(filled) > 1:
        return _to_choose("sheet_to_choose", filled)
    if wanted is None and not filled:
        return _refused("empty_file")
    name = filled[0] if wanted is None else wanted
    if faults := list(_faults(scans[name])):
        return Table(iter(()), faults)
    records = _records(fetch_rows(parts, name, sheets[name]), scans[name])
    return Table(records, uncomputed=frozenset((row, column - 1) for row, column in scans[name].uncomputed))


def _refused(reason: str) -> Table:
    return Table(iter(()), [Fault(1, None, reason)])


def _to_choose(reason: str, names: list[str]) -> Table:
    return Table(iter(()), [Fault(1, None, reason, suggestions=tuple({"sheet": name} for name in names))])


def _faults(scan: SheetScan) -> Iterator[Fault]:
    if scan.beyond:
        yield Fault(1, None, "cell_too_far", scan.beyond)
    elif scan.characters > MAX_OPENED_BYTES:
        yield Fault(1, None, "workbook_too_large")
    else:
        for cells in scan.merged[:MAX_FAULTS]:
            row, column = begins_at(cells)
            # Below and beside the table nothing is read.
            if row <= scan.last_row and column <= scan.last_column:
                yield Fault(row, None, "merged_cells", cells)


def fetch_rows(parts: dict[str, bytes], name: str, part: str) -> list[list[Cell]]:
    try:
        with CalamineWorkbook.from_filelike(with_one_sheet(parts, part)) as workbook:
            return list(workbook.get_sheet_by_name(name).to_python(skip_empty_area=False))
    except CalamineError:
        raise NotOpened("workbook_damaged") from None


def _records(rows: list[list[Cell]], scan: SheetScan) -> Iterator[tuple[int, list[str]]]:
    """Yields the rows with the text of those cells that are empty to calamine, whose area may end before them."""
    shown: dict[int, dict[int, str]] = {}
    for (row, column), text in (scan.errors | scan.uncomputed).items():
        shown.setdefault(row, {})[column - 1] = text[:SHOWN_CHARACTERS]
    for line in range(1, scan.last_row + 1):
        cells = rows[line - 1] if line <= len(rows) else []
        texts = dict(enumerate(map(_text, cells))) | shown.get(line, {})
        yield line, [texts.get(column, "") for column in range(scan.last_column)]


def _text(cell: Cell) -> str:
    """Returns what a spreadsheet would write into a CSV file, but for days and numbers, which have one form here."""
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, float | int):
        # Fifteen digits are what spreadsheets show; the binary tail behind them is nobody's.
        return format(Decimal(f"{cell:.15g}"), "f")
    if isinstance(cell, datetime):
        return (min(cell, _LAST) + timedelta(microseconds=500_000)).isoformat(" ", "seconds")
    return cell.isoformat() if isinstance(cell, date | time) else str(cell)
