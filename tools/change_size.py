"""Counts the files and lines that a change takes by hand: `python tools/change_size.py COMMIT_OR_RANGE [--json]`.

A commit is compared with its first parent, a range `A..B` from end to end, renames followed. Counted are the lines
added, blank ones and comments too; a file that only lost lines counts as a file with none, one that only moved doesn't.
Migrations, examples and tests count. Not counted:

- files that `.gitattributes`, as it is now, marks `linguist-generated` or `linguist-vendored`, and binary files;
- in catalogues (`.po`) what an extraction writes: references (`#:`), flags (`#,`) and the header's dates.
"""

import argparse
import json
import os
import re
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass

KINDS = {
    "tests": r"^tests/",
    "catalogues": r"\.po$|/catalogues/|(^|/)titles\.json$",
    "templates": r"/templates/|/static/|\.(html|css|typ)$",
    "docs": r"^docs/|\.md$",
    "code": r"",
}
"""The kinds of files, each with what its paths look like; a file is of the first that fits."""

NOT_BY_HAND = ("linguist-generated", "linguist-vendored")
EXTRACTED = re.compile(r'^\+(#[:,]|"(POT-Creation-Date|PO-Revision-Date|Generated-By):)')


@dataclass(frozen=True, slots=True)
class Change:
    """One file of a change, and how many lines were added to it by hand."""

    path: str
    lines: int

    @property
    def kind(self) -> str:
        """The first kind that the path fits."""
        return next(kind for kind, pattern in KINDS.items() if re.search(pattern, self.path))


def changes(revision: str) -> list[Change]:
    """Returns the files written by hand in a commit or range; raises CalledProcessError if git doesn't know it."""
    counted = _numstat(revision)
    generated, extracted = _not_by_hand(list(counted)), _extracted(revision)
    found = []
    for path, (added, removed) in counted.items():
        by_hand = added - extracted[path]
        # A catalogue in which only references changed was written by a tool, a moved file by nobody.
        if path not in generated and (by_hand or (removed and not added)):
            found.append(Change(path, by_hand))
    return found


def _numstat(revision: str) -> dict[str, tuple[int, int]]:
    """Returns by path, the new one of a renamed file, how many lines were added and removed; without binary files."""
    fields = iter(_diff(revision, "--numstat", "-z", "-M").split("\0"))
    counted = {}
    for entry in fields:
        if not entry.strip():
            continue
        added, removed, path = entry.strip("\n").split("\t")
        if not path:  # A rename is told by two further fields, the old path and the new one.
            _, path = next(fields), next(fields)
        if added != "-":
            counted[path] = int(added), int(removed)
    return counted


def _not_by_hand(paths: list[str]) -> set[str]:
    listed = _git("check-attr", "-z", "--stdin", *NOT_BY_HAND, given="\0".join(paths)).split("\0")
    marked = zip(listed[::3], listed[2::3], strict=False)
    return {path for path, value in marked if value in {"set", "true"}}


def _extracted(revision: str) -> Counter[str]:
    """Returns by catalogue how many of its added lines an extraction wrote."""
    found: Counter[str] = Counter()
    path = ""
    for line in _diff(revision, "-U0", "-M", "--dst-prefix=b/", "--", "*.po").splitlines():
        if line.startswith("+++ b/"):
            path = line.removeprefix("+++ b/").rstrip("\t")
        found[path] += bool(EXTRACTED.match(line))
    return found


def _diff(revision: str, *arguments: str) -> str:
    command = ("diff",) if ".." in revision else ("show", "-m", "--first-parent", "--format=")
    return _git(*command, "--no-ext-diff", "--no-color", revision, *arguments)


def _git(*arguments: str, given: str | None = None) -> str:
    # Paths in other letters than ASCII as they are: they would be quoted otherwise.
    command = ("git", "-c", "core.quotePath=off", *arguments)
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=True)
    return done.stdout


def summed(found: list[Change]) -> dict[str, dict[str, int]]:
    """Returns files and lines by kind, in the order of KINDS, and `total`."""
    files = Counter(change.kind for change in found)
    lines: Counter[str] = Counter()
    for change in found:
        lines[change.kind] += change.lines
    sums = {kind: {"files": files[kind], "lines": lines[kind]} for kind in KINDS}
    return {**sums, "total": {"files": len(found), "lines": lines.total()}}


def table(sums: dict[str, dict[str, int]]) -> str:
    """Returns the sums as a table in Markdown."""
    rows = [f"| {kind} | {row['files']} | {row['lines']} |" for kind, row in sums.items()]
    return "\n".join(["| written by hand | files | lines |", "| --- | ---: | ---: |", *rows])


def main() -> int:
    """Prints the table, or JSON; returns 2 for what git doesn't know."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("revision", metavar="COMMIT_OR_RANGE")
    parser.add_argument("--json", action="store_true", help="print the sums as JSON")
    asked = parser.parse_args()
    try:
        os.chdir(_git("rev-parse", "--show-toplevel").strip())
        sums = summed(changes(asked.revision))
    except subprocess.CalledProcessError as error:
        sys.stderr.write(error.stderr)
        return 2
    sys.stdout.write((json.dumps(sums, indent=2) if asked.json else table(sums)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
