"""Every package of the chassis says what it promises, and its package file holds nothing else."""

import ast

import pytest
from shape import ROOT, sources


def is_promise(text: str) -> bool:
    """Returns whether a package file holds a docstring of two to six lines and nothing else."""
    tree = ast.parse(text)
    return len(tree.body) == 1 and 2 <= len((ast.get_docstring(tree) or "").splitlines()) <= 6


def test_every_package_of_the_chassis_says_what_it_promises() -> None:
    packages = {path: text for path, text in sources(ROOT / "chassis").items() if path.endswith("__init__.py")}
    assert len(packages) > 5, "the guard would check nothing"
    assert [path for path, text in packages.items() if not is_promise(text)] == []


@pytest.mark.parametrize("text", ["", '"""One line."""\n', '"""Two\nlines."""\nfrom a import b\n'])
def test_a_package_without_a_promise_is_caught(text: str) -> None:
    assert not is_promise(text)
