"""Measures the shape of the code and of the tests: `python tools/shape.py [--json]`.

- A function's length is from its `def` to its last line, docstring and inner functions included, decorators not.
- Files are Python files with anything in them; their length is their number of lines.
- A folder's modules are its Python files but `__init__.py`; revisions of a database (`versions/`) may be many.
- A 95th percentile is the smallest length that 95 % don't exceed (nearest rank).
"""

import argparse
import ast
import json
import math
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median_low

ROOT = Path(__file__).parents[1]
SHORT_FILE_LINES = 200
MOST_MODULES = 15


@dataclass(frozen=True, slots=True)
class Shape:
    """How long functions and files are, and which folders have more than MOST_MODULES modules."""

    files: int
    lines: int
    functions: int
    function_median: int
    function_p95: int
    file_median: int
    short_files_percent: float
    """Share of the files that have fewer than SHORT_FILE_LINES lines."""
    full_folders: Mapping[str, int]
    """Folder to its number of modules."""


def sources(root: Path) -> dict[str, str]:
    """Returns the text of each Python file that git has or would take, by its path below the root."""
    listing = ("git", "ls-files", "--cached", "--others", "--exclude-standard", "*.py")
    listed = subprocess.run(listing, cwd=root, capture_output=True, text=True, check=True).stdout.splitlines()
    return {path: (root / path).read_text() for path in sorted(set(listed)) if (root / path).is_file()}


def parted(texts: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Returns the files apart: `code` and `tests`."""
    tests = {path: text for path, text in texts.items() if path.startswith("tests/")}
    return {"code": {path: text for path, text in texts.items() if path not in tests}, "tests": tests}


def shape(texts: Mapping[str, str]) -> Shape:
    """Returns the shape of these files, by path; raises ValueError where there is no function to measure."""
    files = {path: len(text.splitlines()) for path, text in texts.items() if text.strip()}
    functions = sorted(length for path in files for length in _function_lengths(ast.parse(texts[path])))
    if not functions:
        raise ValueError("there is no function to measure")
    short = sum(lines < SHORT_FILE_LINES for lines in files.values())
    return Shape(
        files=len(files),
        lines=sum(files.values()),
        functions=len(functions),
        function_median=median_low(functions),
        function_p95=functions[math.ceil(0.95 * len(functions)) - 1],
        file_median=median_low(files.values()),
        short_files_percent=round(100 * short / len(files), 1),
        full_folders=_full_folders(texts),
    )


def _function_lengths(tree: ast.Module) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield (node.end_lineno or node.lineno) - node.lineno + 1


def _full_folders(paths: Iterable[str]) -> dict[str, int]:
    modules = [Path(path) for path in paths]
    counted = Counter(str(m.parent) for m in modules if m.name != "__init__.py" and m.parent.name != "versions")
    return {folder: count for folder, count in sorted(counted.items()) if count > MOST_MODULES}


def table(shapes: Mapping[str, Shape]) -> str:
    """Returns the shapes side by side as a table in Markdown, and the folders that are too full."""
    names = [name for name in Shape.__dataclass_fields__ if name != "full_folders"]
    rows = [[name.replace("_", " "), *(str(getattr(shapes[part], name)) for part in shapes)] for name in names]
    lines = [["", *shapes], ["---", *("---:" for _ in shapes)], *rows]
    full = [f"{folder}: {count} modules" for found in shapes.values() for folder, count in found.full_folders.items()]
    return "\n".join([*(f"| {' | '.join(line)} |" for line in lines), "", *(full or ["no folder is too full"])])


def main() -> int:
    """Prints the table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    asked = parser.parse_args()
    texts = sources(ROOT)
    shapes = {part: shape(files) for part, files in parted(texts).items()}
    printed = (
        json.dumps({part: asdict(found) for part, found in shapes.items()}, indent=2) if asked.json else table(shapes)
    )
    sys.stdout.write(printed + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
