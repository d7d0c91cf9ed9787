"""What an XLSX file consists of, measured before it is opened.

calamine takes the memory of a sheet's whole area, so that one cell far away ends the process; it trusts what a zip file
says of itself, and reads errors and formulas without a value as empty cells. What it is given has gone through here.
"""

import re
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO
from xml.parsers import expat

from polity_membership.tabular_import.domain.findings import SHOWN_CHARACTERS
from polity_membership.tabular_import.domain.reading import MAX_ROWS

MAX_OPENED_BYTES = 40_000_000
"""How much text the parts may open to, and the cells may hold together."""
MAX_PARTS = 2_000
MAX_SHEETS = 200
MAX_COLUMNS = 100
LAST_ROW = MAX_ROWS + 1_000
"""A thousand lines may be blank or stand above the headings."""
WORKBOOK, RELATIONS, STRINGS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/sharedstrings.xml"
NEEDED = ("[Content_Types].xml", "_rels/.rels", WORKBOOK, RELATIONS, "xl/sharedStrings.xml", "xl/styles.xml")
"""The parts that calamine reads beside a sheet, as it names them; programs write them in letters of any case."""
_FULL = " " * SHOWN_CHARACTERS
"""No more of a cell's text is held here than is shown."""
_CELL = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_RANGE = re.compile(r"([A-Z]{1,3}[0-9]{1,7})(?::[A-Z]{1,3}[0-9]{1,7})?")


class NotOpened(ValueError):
    """The file is no workbook that can be read, for the `reason`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(slots=True)
class SheetScan:
    """What a sheet has, and where its last filled cell is: row and column from 1, 0 where there is none.

    `errors` and `uncomputed` (formulas without a value) are by row and column, the text as it is shown; `beyond` is the
    first cell outside of what is read.
    """

    last_row: int = 0
    last_column: int = 0
    characters: int = 0
    beyond: str | None = None
    merged: list[str] = field(default_factory=list)
    errors: dict[tuple[int, int], str] = field(default_factory=dict)
    uncomputed: dict[tuple[int, int], str] = field(default_factory=dict)


class _Reader:
    """Goes through one part, whatever prefix its names have."""

    def __init__(self) -> None:
        # What the file says of its own encoding doesn't count: calamine reads UTF-8.
        self._parser = expat.ParserCreate("utf-8")
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = self._refuse
        self._parser.StartElementHandler = lambda name, said: self.start(_local(name), said)
        self._parser.EndElementHandler = lambda name: self.end(_local(name))
        self._parser.CharacterDataHandler = self.text

    def read(self, part: bytes) -> None:
        """Raises NotOpened where the part is no XML."""
        try:
            self._parser.Parse(part, True)
        except (expat.ExpatError, OverflowError):
            raise NotOpened("workbook_damaged") from None

    def start(self, name: str, said: Mapping[str, str]) -> None: ...
    def end(self, name: str) -> None: ...
    def text(self, text: str) -> None: ...

    def _refuse(self, *_: object) -> None:
        raise NotOpened("workbook_damaged")


class _Names(_Reader):
    """The sheets that are shown, and the parts that relations lead to."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: dict[str, str] = {}
        self.targets: dict[str, str] = {}

    def start(self, name: str, said: Mapping[str, str]) -> None:
        own = {_local(key): value for key, value in said.items()}
        if name == "sheet" and own.get("state", "visible") == "visible":
            self.shown.setdefault(own.get("name", ""), own.get("id", ""))
        elif name == "Relationship":
            self.targets[own.get("Id", "")] = _path(own.get("Target", ""))


class _Strings(_Reader):
    """How long each of the strings is that cells share."""

    def __init__(self) -> None:
        super().__init__()
        self.lengths: list[int] = []

    def start(self, name: str, said: Mapping[str, str]) -> None:
        if name == "si":
            self.lengths.append(0)

    def text(self, text: str) -> None:
        if self.lengths:
            self.lengths[-1] += len(text)


class _Cells(_Reader):
    """One sheet's cells."""

    def __init__(self, lengths: list[int]) -> None:
        super().__init__()
        self.scan = SheetScan()
        self._lengths = lengths
        self._at = (0, 0)
        self._kind, self._inside = "", ""
        self._held: dict[str, str] = {}

    def start(self, name: str, said: Mapping[str, str]) -> None:
        self._inside = name
        if name == "row":
            self._at = (_number(said["r"]) if "r" in said else self._at[0] + 1, 0)
        elif name == "c":
            self._at = _position(said["r"]) if "r" in said else (self._at[0], self._at[1] + 1)
            self._kind, self._held = said.get("t", ""), {}
        elif name in ("v", "f", "is"):
            self._held[name] = ""
        elif name == "mergeCell" and len(self.scan.merged) < MAX_ROWS:
            self.scan.merged.append(said.get("ref", ""))

    def text(self, text: str) -> None:
        if len(self._held.get(self._inside, _FULL)) < len(_FULL):
            self._held[self._inside] += text

    def end(self, name: str) -> None:
        self._inside = ""
        if name == "c" and self._held:
            self._fill()

    def _fill(self) -> None:
        scan, held, (row, column) = self.scan, self._held, self._at
        if row > LAST_ROW or column > MAX_COLUMNS:
            scan.beyond = scan.beyond or cell_name(row, column)
        scan.last_row, scan.last_column = max(scan.last_row, row), max(scan.last_column, column)
        value = held.get("v", "")
        if self._kind == "s" and value.isdecimal() and int(value) < len(self._lengths):
            scan.characters += self._lengths[int(value)]
        if self._kind == "e":
            scan.errors[self._at] = value
        elif "f" in held and not value and self._kind != "str":
            scan.uncomputed[self._at] = f"={held['f']}"


def parts_of(data: bytes) -> dict[str, bytes]:
    """Returns the XML parts of the file by their names in small letters; raises NotOpened."""
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            listed = archive.infolist()
            texts = [one for one in listed if one.filename.lower().endswith((".xml", ".rels"))]
            if WORKBOOK not in {one.filename.lower() for one in texts}:
                raise NotOpened("not_xlsx")
            # What a part opens to is cut at what it says of itself.
            if len(listed) > MAX_PARTS or sum(one.file_size for one in texts) > MAX_OPENED_BYTES:
                raise NotOpened("workbook_too_large")
            return {one.filename.lower(): archive.read(one) for one in texts}
    except RuntimeError:
        raise NotOpened("workbook_locked") from None
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, OSError, ValueError) as broken:
        if isinstance(broken, NotOpened):
            raise
        raise NotOpened("workbook_damaged") from None


def shown_sheets(parts: Mapping[str, bytes]) -> dict[str, str]:
    """Returns the part of each sheet that isn't hidden, by its name in the workbook's order; raises NotOpened."""
    names = _Names()
    names.read(parts[WORKBOOK])
    relations = _Names()
    relations.read(parts.get(RELATIONS, b""))
    if len(names.shown) > MAX_SHEETS:
        raise NotOpened("workbook_too_large")
    return {name: part for name, id_ in names.shown.items() if (part := relations.targets.get(id_, "")) in parts}


def scans_of(parts: Mapping[str, bytes], sheets: Mapping[str, str]) -> dict[str, SheetScan]:
    """Returns what each sheet has, by its name; raises NotOpened."""
    strings = _Strings()
    if STRINGS in parts:
        strings.read(parts[STRINGS])
    by_part: dict[str, SheetScan] = {}
    for part in sheets.values():
        if part not in by_part:
            cells = _Cells(strings.lengths)
            cells.read(parts[part])
            by_part[part] = cells.scan
    return {name: by_part[part] for name, part in sheets.items()}


def with_one_sheet(parts: Mapping[str, bytes], sheet: str) -> BytesIO:
    """Returns the workbook with the part of one sheet and nothing that wasn't measured."""
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in (*NEEDED, sheet):
            if name.lower() in parts:
                archive.writestr(name, parts[name.lower()])
    packed.seek(0)
    return packed


def begins_at(merged: str) -> tuple[int, int]:
    """Returns row and column, from 1, where a range of cells begins; raises NotOpened."""
    found = _RANGE.fullmatch(merged)
    return _position(found[1] if found else "")


def cell_name(row: int, column: int) -> str:
    """Returns what a spreadsheet calls the cell, as in "AB12"."""
    letters = ""
    while column:
        column, letter = divmod(column - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return f"{letters}{row}"


def _position(name: str) -> tuple[int, int]:
    found = _CELL.fullmatch(name)
    if not found:
        raise NotOpened("workbook_damaged")
    column = 0
    for letter in found[1]:
        column = column * 26 + ord(letter) - ord("A") + 1
    return _number(found[2]), column


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 0 < int(text) <= 1 << 20):
        raise NotOpened("workbook_damaged")
    return int(text)


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _path(target: str) -> str:
    target = target.lower()
    if target.startswith("/"):
        return target[1:]
    return target if target.startswith("xl/") else f"xl/{target}"
