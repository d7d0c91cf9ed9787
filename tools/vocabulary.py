"""Finds words that the glossary refuses in names: `python tools/vocabulary.py [WORD…] [--check | --tighten]`.

`docs/glossary.md` lists them in its tables' column "not in code": each in backticks, in every package or, after "in",
in those named. Looked at are the names that code defines: of modules and packages, classes, functions, parameters,
attributes (of a class or of `self`) and constants; not variables inside a function, whose reach is a few lines, and not
a database's revisions, which stay as they were applied. A name is read word by word, `_` and capitals apart, a plural
like its singular: `pledges_of` and `PledgeOut` both say "pledge".

What is not renamed yet is counted by word and package in `tests/architecture/not_yet_renamed.toml`. A number there may
only go down: `--tighten` writes lower ones and strikes what is gone, and raises none. `--check`, which `./dev lint`
runs, tells of more names than are counted, and of fewer.
"""

import argparse
import ast
import re
import sys
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from shape import ROOT, sources

GLOSSARY = ROOT / "docs" / "glossary.md"
LEFT = ROOT / "tests" / "architecture" / "not_yet_renamed.toml"
COLUMN = "not in code"
PACKAGES = (
    "contracts", "chassis", "membership", "events", "notifications", "reporting", "portal", "i18n", "local", "docs",
    "tools", "tests",
)  # fmt: skip
"""What a word may be refused in: the packages without their `polity_`, and the folders beside them."""

REFUSED = re.compile(r"`(\w+)`(?: in ((?:\w+, )*\w+))?(?:; |$)")
WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
Counts = Mapping[tuple[str, str], int]
"""Word and package to how many names of the package say the word."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A word that no name may say in these packages, and the term to be said instead."""

    word: str
    term: str
    packages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """A name that says a refused word."""

    refusal: Refusal
    package: str
    path: str
    line: int
    name: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.name}: say {self.refusal.term}, not {self.refusal.word}"


def refusals(glossary: str) -> list[Refusal]:
    """Returns what the glossary's tables refuse; raises ValueError for a cell that can't be read."""
    found: list[Refusal] = []
    column: int | None = None
    for line in glossary.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")] if line.startswith("|") else []
        if not cells:
            column = None
        elif COLUMN in cells:
            column = cells.index(COLUMN)
        elif column is not None and not cells[0].startswith("--"):
            found += _refusals_of_row(cells[0].strip("*"), cells[column])
    return found


def _refusals_of_row(term: str, cell: str) -> Iterator[Refusal]:
    if REFUSED.sub("", cell):
        raise ValueError(f'{term}: can\'t read "{cell}": write `word`; `other` in package, package')
    for word, named in REFUSED.findall(cell):
        packages = tuple(named.split(", ")) if named else PACKAGES
        if unknown := set(packages) - set(PACKAGES):
            raise ValueError(f"{term}: {word} is refused in what is no package: {sorted(unknown)}")
        yield Refusal(word, term, packages)


def names(path: str, tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Yields the names that a file defines, its module's and package's first, each with its line."""
    file = Path(path)
    yield (file.parent.name if file.name == "__init__.py" else file.stem), 1
    for node in tree.body:
        yield from _assigned(node)
    for inner in ast.walk(tree):
        if isinstance(inner, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield inner.name, inner.lineno
        if isinstance(inner, ast.ClassDef):
            for node in inner.body:
                yield from _assigned(node)
        elif isinstance(inner, ast.arg):
            yield inner.arg, inner.lineno
        elif isinstance(inner, ast.Attribute) and isinstance(inner.ctx, ast.Store) and _is_self(inner.value):
            yield inner.attr, inner.lineno


def _is_self(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "self"


def _assigned(node: ast.stmt) -> Iterator[tuple[str, int]]:
    """Yields what a statement of a module or class assigns."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    for target in targets:
        yield from ((name.id, node.lineno) for name in ast.walk(target) if isinstance(name, ast.Name))


def says(name: str, word: str) -> bool:
    """Tells whether a name says a word, or several joined by `_`, in the singular or plural."""
    said, (*first, last) = _words(name), word.split("_")
    plurals = {last, f"{last}s", f"{last}es", f"{last.removesuffix('y')}ies"}
    ends = (at for at in range(len(first), len(said)) if said[at] in plurals)
    return any(said[end - len(first) : end] == first for end in ends)


@cache
def _words(name: str) -> list[str]:
    return [part.lower() for part in WORDS.findall(name)]


def search(texts: Mapping[str, str], refused: Iterable[Refusal]) -> list[Found]:
    """Returns every name of the files, by path, that says a word refused in its package."""
    refused = list(refused)
    found = []
    for path, text in texts.items():
        if Path(path).parent.name == "versions":
            continue
        package = package_of(path)
        here = [refusal for refusal in refused if package in refusal.packages]
        for name, line in names(path, ast.parse(text)):
            found += [Found(refusal, package, path, line, name) for refusal in here if says(name, refusal.word)]
    return found


def package_of(path: str) -> str:
    """Returns the package a file is of: `membership` for what is under `polity_membership`."""
    ours = re.search(r"(?:^|/)polity_(\w+)/", path)
    folder = "local" if path.startswith("deploy/") else path.split("/", maxsplit=1)[0]
    return ours[1] if ours and not path.startswith("tests/") else folder


def counts(found: Iterable[Found]) -> Counter[tuple[str, str]]:
    """Returns how many names say each word in each package."""
    return Counter((one.refusal.word, one.package) for one in found)


def read_left(text: str) -> dict[tuple[str, str], int]:
    """Returns what is not renamed yet, as it is written down."""
    return {(word, package): n for word, row in tomllib.loads(text).items() for package, n in row.items()}


def written_left(left: Counts) -> str:
    """Returns the list of what is not renamed yet, as TOML."""
    lines = [
        "# How many names still say a word that docs/glossary.md refuses, by word and package. Numbers only go down.",
        "# `python tools/vocabulary.py WORD` shows them; after renaming run `python tools/vocabulary.py --tighten`.",
    ]
    for word in sorted({word for word, _ in left}):
        lines += ["", f"[{word}]", *(f"{package} = {n}" for (one, package), n in sorted(left.items()) if one == word)]
    return "\n".join(lines) + "\n"


def problems(left: Counts, found: Sequence[Found]) -> list[str]:
    """Returns the names of each word and package that has more than are counted, and each number that is too high."""
    now = counts(found)
    more = [str(one) for one in found if now[key := (one.refusal.word, one.package)] > left.get(key, 0)]
    fewer = [
        f"{word} in {package}: {n} are counted, {now[word, package]} are left: run python tools/vocabulary.py --tighten"
        for (word, package), n in left.items()
        if n > now[word, package]
    ]
    return more + fewer


def tightened(left: Counts, found: Counts) -> dict[tuple[str, str], int]:
    """Returns the list with each number lowered to what is found, without those that are gone."""
    lower = {key: min(n, found.get(key, 0)) for key, n in left.items()}
    return {key: n for key, n in lower.items() if n}


def main() -> int:
    """Prints every name that says one of the words (all that are refused if none is named), or what `--check` finds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("words", metavar="WORD", nargs="*")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--check", action="store_true", help="tell only what differs from the counts, and return 1 then")
    mode.add_argument("--tighten", action="store_true", help="lower the numbers of what is not renamed yet")
    asked = parser.parse_args()
    left, found = read_left(LEFT.read_text()), search(sources(ROOT), refusals(GLOSSARY.read_text()))
    if asked.tighten:
        LEFT.write_text(written_left(tightened(left, counts(found))))
        return 0
    shown = [str(one) for one in found if not asked.words or one.refusal.word in asked.words]
    told = problems(left, found) if asked.check else shown
    sys.stdout.write("".join(f"{line}\n" for line in told))
    return int(asked.check and bool(told))


if __name__ == "__main__":
    sys.exit(main())
