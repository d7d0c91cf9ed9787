"""Each feature that is claimed has a test by the name that stands beside it."""

import ast
import re
from collections.abc import Iterator

import pytest
from polity_local.running.instance import REPOSITORY

TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def without_test(page: str) -> Iterator[str]:
    """Yields each row that names no test, or one that isn't there."""
    for row in page.splitlines():
        if not row.startswith("| ") or row.startswith(("| Feature", "| ---")):
            continue
        named = TEST.search(row)
        if not named or named[2] not in _functions(named[1]):
            yield row


def _functions(path: str) -> set[str]:
    file = REPOSITORY / path
    if not file.is_file():
        return set()
    tree = ast.parse(file.read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_every_feature_has_its_test() -> None:
    page = (REPOSITORY / "docs" / "features.md").read_text()
    assert len(TEST.findall(page)) > 20
    assert list(without_test(page)) == []


@pytest.mark.parametrize(
    "row",
    [
        "| Flying | none | `tests/architecture/test_features.py::test_flying` |",
        "| Flying | none | `tests/e2e/test_flying.py::test_every_feature_has_its_test` |",
        "| Flying | none | soon |",
    ],
)
def test_a_planted_claim_is_found(row: str) -> None:
    assert list(without_test(row)) == [row]
