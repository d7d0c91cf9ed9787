"""CSV as spreadsheets of any country write it, in UTF-8: with commas, semicolons or tabs between the cells."""

import codecs
import csv
import io
import re
from collections.abc import Iterator
from itertools import islice

from polity_membership.tabular_import.domain.findings import Fault
from polity_membership.tabular_import.domain.reading import MAX_FAULTS, Columns, NotReadable, Table

SEPARATORS = (",", ";", "\t")
"""Spreadsheets write what their country writes: semicolons where the comma is the decimal sign."""
MOST_LINES_ABOVE = 10
_SEP_LINE = re.compile(r'"?sep=([,;\t|])"?\r?\n', re.IGNORECASE)
"""A first line by which some programs tell the others what stands between the cells."""


def csv_table(data: bytes, columns: Columns) -> Table:
    """Returns the file's records, or the faults for which it can't be read at all."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in data[:4]:
        return Table(iter(()), [Fault(1, None, "utf_16")])
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        found = (Fault(line, None, "wrong_encoding") for line in _undecodable(data))
        return Table(iter(()), list(islice(found, MAX_FAULTS)))
    if said := _SEP_LINE.match(text):
        return Table(_records(text[said.end() :], said[1], first_line=2))
    return Table(_records(text, _separator(text, columns), first_line=1))


def _undecodable(data: bytes) -> Iterator[int]:
    for number, line in enumerate(data.split(b"\n"), 1):
        try:
            line.decode()
        except UnicodeDecodeError:
            yield number


def _separator(text: str, columns: Columns) -> str:
    # Blank lines, or lines of separators, may stand above the headings.
    first = list(islice(io.StringIO(text), MOST_LINES_ABOVE))

    def known(separator: str) -> int:
        return max(
            sum(cell.strip(' "\r\n').lower() in columns.names for cell in line.split(separator)) for line in first
        )

    return max(SEPARATORS, key=known) if first else SEPARATORS[0]


def _records(text: str, separator: str, first_line: int) -> Iterator[tuple[int, list[str]]]:
    """Yields each record with the line it begins on: a quoted cell may span several. Raises NotReadable."""
    lines = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=separator)
    begins = first_line
    try:
        for record in lines:
            if record:
                yield begins, record
            begins = lines.line_num + first_line
    except csv.Error:
        raise NotReadable(begins, "not_csv") from None
