"""XLSX workbooks for tests, written by hand so that they may be as wrong as people's are."""

import zipfile
from collections.abc import Sequence
from io import BytesIO
from xml.sax.saxutils import escape, quoteattr

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_TYPES = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_CONTENT = "http://schemas.openxmlformats.org/package/2006/content-types"
_STYLES = "".join(f'<xf numFmtId="{form}"/>' for form in (0, 14, 22))
"""What a cell's `s` stands for: 0 a number, 1 a day, 2 a day and time."""


def sheet_of(rows: Sequence[Sequence[str | float | None]], more: str = "") -> str:
    """Returns the inner XML of a sheet: text and numbers as they are, a text that is a <c> element as it stands."""
    written = (f'<row r="{line}">{_cells(line, row)}</row>' for line, row in enumerate(rows, 1))
    return f"<sheetData>{''.join(written)}</sheetData>{more}"


def workbook_of(
    *sheets: tuple[str, str], hidden: Sequence[str] = (), more: dict[str, str | bytes] | None = None
) -> bytes:
    """Returns the file of these sheets, each a name and its inner XML; `more` are further parts, or others."""
    named = "".join(
        f'<sheet name={quoteattr(name)} sheetId="{n}" state="{"hidden" if name in hidden else "visible"}" r:id="r{n}"/>'
        for n, (name, _) in enumerate(sheets, 1)
    )
    related = "".join(
        f'<Relationship Id="r{n}" Type="{_TYPES}/worksheet" Target="worksheets/sheet{n}.xml"/>'
        for n in range(1, len(sheets) + 1)
    )
    document = f'<Relationship Id="r1" Type="{_TYPES}/officeDocument" Target="xl/workbook.xml"/>'
    parts: dict[str, str | bytes] = {
        "[Content_Types].xml": f'<Types xmlns="{_CONTENT}"/>',
        "_rels/.rels": f'<Relationships xmlns="{_RELATIONS}">{document}</Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_TYPES}"><sheets>{named}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_RELATIONS}">{related}</Relationships>',
        "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}"><cellXfs>{_STYLES}</cellXfs></styleSheet>',
    }
    for n, (_, inner) in enumerate(sheets, 1):
        parts[f"xl/worksheets/sheet{n}.xml"] = f'<worksheet xmlns="{_MAIN}">{inner}</worksheet>'
    written = BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in (parts | (more or {})).items():
            archive.writestr(name, part)
    return written.getvalue()


def _cells(line: int, row: Sequence[str | float | None]) -> str:
    return "".join(
        _cell(f"{chr(ord('A') + column)}{line}", cell) for column, cell in enumerate(row) if cell is not None
    )


def _cell(name: str, cell: str | float) -> str:
    if not isinstance(cell, str):
        return f'<c r="{name}"><v>{cell}</v></c>'
    if cell.startswith("<c"):
        return cell.replace("<c", f'<c r="{name}"', 1)
    return f'<c r="{name}" t="inlineStr"><is><t>{escape(cell)}</t></is></c>'
