"""Functions and files stay short and folders small: today's figures are limits, which may only be made stricter."""

from collections.abc import Iterator, Mapping

import pytest
from shape import MOST_MODULES, ROOT, Shape, parted, shape, sources

TARGET = {"function_median": 8, "function_p95": 25, "short_files_percent": 90}
"""What the code is to keep: no limit of it may be weaker."""

LIMITS = {
    "code": {"function_median": 6, "function_p95": 20, "short_files_percent": 92},
    "tests": {"function_median": 6, "function_p95": 21, "short_files_percent": 78},
}
"""The worst that is let pass: at least this share of short files, at most these lengths in lines."""

FULL_FOLDERS = {
    "tests/e2e": 17,
}
"""Folders not split yet, with their modules. One that was split is struck, and stays small from then on."""


@pytest.fixture(scope="module")
def shapes() -> dict[str, Shape]:
    return {part: shape(texts) for part, texts in parted(sources(ROOT)).items()}


def worse(found: Shape, limits: Mapping[str, int]) -> Iterator[str]:
    """Yields each figure that is worse than its limit: shares may not be lower, lengths not higher."""
    for name, limit in limits.items():
        figure = getattr(found, name)
        if figure < limit if name.endswith("_percent") else figure > limit:
            yield f"{name} is {figure}, the limit {limit}"


def fuller(found: Mapping[str, int], known: Mapping[str, int]) -> Iterator[str]:
    """Yields each folder that has too many modules, and more than it is known to have."""
    for folder, modules in found.items():
        if modules > known.get(folder, MOST_MODULES):
            yield f"{folder} has {modules} modules, the limit is {known.get(folder, MOST_MODULES)}"


@pytest.mark.parametrize("part", LIMITS)
def test_functions_and_files_are_no_longer_than_they_were(part: str, shapes: dict[str, Shape]) -> None:
    assert list(worse(shapes[part], LIMITS[part])) == []


def test_no_folder_is_fuller_than_it_was(shapes: dict[str, Shape]) -> None:
    assert [told for found in shapes.values() for told in fuller(found.full_folders, FULL_FOLDERS)] == []


def test_folders_that_were_split_are_struck_from_the_list(shapes: dict[str, Shape]) -> None:
    full = {folder for found in shapes.values() for folder in found.full_folders}
    assert sorted(FULL_FOLDERS.keys() - full) == []


def test_the_limits_of_the_code_are_within_the_target() -> None:
    assert list(worse(Shape(1, 1, 1, file_median=1, **LIMITS["code"], full_folders={}), TARGET)) == []


LONG = "def planted():\n" + "    pass\n" * 29
SHORT = "def planted(): ...\n"
INNER = (
    '@here\n@there\nasync def outer():\n    """Says so."""\n\n    def inner():\n        return 1\n    return inner\n'
)


def test_lengths_are_measured_as_they_are_described() -> None:
    measured = shape({"a.py": INNER, "b.py": SHORT * 19, "c/__init__.py": "", "long.py": "x = 1\n" * 200})
    assert (measured.files, measured.functions, measured.lines) == (3, 21, 8 + 19 + 200)
    assert (measured.function_median, measured.file_median, measured.short_files_percent) == (1, 19, 66.7)
    assert shape({"a.py": INNER}).function_p95 == 6


@pytest.mark.parametrize(("short", "long", "p95"), [(19, 1, 1), (18, 2, 30), (20, 1, 1), (19, 2, 30)])
def test_of_twenty_functions_the_nineteenth_is_the_95th_percentile(short: int, long: int, p95: int) -> None:
    assert shape({"a.py": SHORT * short + LONG * long}).function_p95 == p95


def test_nothing_to_measure_is_no_good_shape() -> None:
    with pytest.raises(ValueError, match="no function"):
        shape({"a.py": "x = 1\n"})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (LONG, "function_median is 30, the limit 6"),
        (LONG, "function_p95 is 30, the limit 20"),
        (SHORT * 200, "short_files_percent is 0.0, the limit 92"),
    ],
)
def test_a_planted_length_is_told(text: str, told: str) -> None:
    limits = {"function_median": 6, "function_p95": 20, "short_files_percent": 92}
    assert told in list(worse(shape({"a.py": text}), limits))


def test_a_planted_full_folder_is_told_and_revisions_may_be_many() -> None:
    sixteen = {f"here/{n}.py": SHORT for n in range(16)} | {"here/__init__.py": SHORT}
    revisions = {f"migrations/versions/{n}.py": SHORT for n in range(30)}
    measured = shape({**sixteen, **revisions, **{f"there/{n}.py": SHORT for n in range(15)}})
    assert measured.full_folders == {"here": 16}
    assert list(fuller(measured.full_folders, {})) == ["here has 16 modules, the limit is 15"]
    assert list(fuller(measured.full_folders, {"here": 16})) == []
    assert list(fuller({"here": 17}, {"here": 16})) == ["here has 17 modules, the limit is 16"]


def test_tests_are_measured_apart() -> None:
    assert parted({"tests/a.py": "1", "services/tests.py": "2"}) == {
        "code": {"services/tests.py": "2"},
        "tests": {"tests/a.py": "1"},
    }
