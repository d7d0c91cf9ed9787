"""Names in code keep to the glossary: no new name says what it refuses, and fewer and fewer of the old ones do."""

import ast
import re

import pytest
from polity_contracts.topics import TOPICS
from shape import ROOT, sources
from vocabulary import (
    GLOSSARY,
    LEFT,
    PACKAGES,
    Refusal,
    problems,
    read_left,
    refusals,
    says,
    search,
    tightened,
)


def test_names_say_no_word_that_the_glossary_refuses_but_those_that_are_counted() -> None:
    found = search(sources(ROOT), refusals(GLOSSARY.read_text()))
    assert problems(read_left(LEFT.read_text()), found) == []


GLOSSARY_PLANTED = """
| term | what it is | not in code | lives in |
| --- | --- | --- | --- |
| **commitment** | A promise. | `pledge`; `dead_letter` | |
| **local government** | The member. | `place` in membership, portal | |

| in code | on pages |
| --- | --- |
| commitment | `pledge` |
"""


def test_the_glossary_is_read_with_what_it_refuses_where() -> None:
    read = refusals(GLOSSARY_PLANTED)
    assert [(one.word, one.term) for one in read] == [
        ("pledge", "commitment"), ("dead_letter", "commitment"), ("place", "local government")
    ]  # fmt: skip
    assert read[2].packages == ("membership", "portal")
    assert {"membership", "reporting", "tests"} < set(read[0].packages)


@pytest.mark.parametrize(
    "cell", ["pledge", "`pledge`, `vow`", "`pledge` in nowhere", "`pledge` in membership and portal"]
)
def test_a_cell_that_cannot_be_read_is_no_empty_one(cell: str) -> None:
    with pytest.raises(ValueError, match="commitment"):
        refusals(f"| term | not in code |\n| --- | --- |\n| **commitment** | {cell} |\n")


MEMBERSHIP = "services/membership/polity_membership"


@pytest.mark.parametrize(
    ("path", "code"),
    [
        (f"{MEMBERSHIP}/pledges.py", ""),
        (f"{MEMBERSHIP}/pledges/__init__.py", ""),
        (f"{MEMBERSHIP}/planted.py", "class PledgeGiven: ..."),
        (f"{MEMBERSHIP}/planted.py", "class Given:\n    pledge: str"),
        (f"{MEMBERSHIP}/planted.py", "class Given:\n    def __init__(self): self.pledge = 1"),
        (f"{MEMBERSHIP}/planted.py", "class Given:\n    def returned_pledge(self): ..."),
        (f"{MEMBERSHIP}/planted.py", "async def lock_pledges(): ..."),
        (f"{MEMBERSHIP}/planted.py", "def save(*, pledge=None): ..."),
        (f"{MEMBERSHIP}/planted.py", "kept = lambda pledge: 1"),
        (f"{MEMBERSHIP}/planted.py", "MOST_PLEDGES: int = 3"),
        (f"{MEMBERSHIP}/planted.py", "FIRST, PLEDGE = 1, 2"),
        (f"{MEMBERSHIP}/planted.py", "class DeadLetters: ..."),
        (f"{MEMBERSHIP}/planted.py", "def find_places(): ..."),
        ("services/portal/polity_portal/planted.py", "def place(): ..."),
        ("deploy/local/polity_local/planted.py", "def pledge(): ..."),
        ("tests/unit/membership/test_planted.py", "def test_a_pledge_counts(): ..."),
        ("tools/planted.py", "def pledge(): ..."),
    ],
)
def test_a_planted_word_is_found(path: str, code: str) -> None:
    assert len(search({path: code}, refusals(GLOSSARY_PLANTED))) == 1


@pytest.mark.parametrize(
    ("path", "code"),
    [
        (f"{MEMBERSHIP}/planted.py", "def commit():\n    pledge = 1\n    return other.pledge"),
        (f"{MEMBERSHIP}/planted.py", "def replace(displaced, letter): ..."),
        (f"{MEMBERSHIP}/migrations/versions/0001_pledges.py", ""),
        ("deploy/local/polity_local/planted.py", "class Place: ..."),
        ("services/reporting/polity_reporting/planted.py", "def places(): ..."),
    ],
)
def test_what_is_said_elsewhere_or_recorded_is_let_be(path: str, code: str) -> None:
    assert search({path: code}, refusals(GLOSSARY_PLANTED)) == []


@pytest.mark.parametrize(
    ("name", "word"),
    [("cities", "city"), ("HTTPCity", "city"), ("a_dead_letter_1", "dead_letter"), ("bonuses", "bonus")],
)
def test_plurals_capitals_and_words_joined_are_read(name: str, word: str) -> None:
    assert says(name, word)


COUNTED = {("pledge", "membership"): 2, ("place", "portal"): 1}


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ({"membership": "PLEDGE, OF_PLEDGE = 1, 2", "portal": "PLACE = 1"}, []),
        ({"membership": "PLEDGE, OF_PLEDGE = 1, 2", "portal": "PLACE, OF_PLACE = 1, 2"}, ["1: PLACE", "1: OF_PLACE"]),
        ({"membership": "PLEDGE, OF_PLEDGE = 1, 2", "portal": "PLACE = 1", "events": "PLEDGE = 1"}, ["1: PLEDGE"]),
        ({"membership": "PLEDGE = 1", "portal": "PLACE = 1"}, ["2 are counted, 1 are left"]),
        ({"membership": "PLEDGE, OF_PLEDGE = 1, 2"}, ["1 are counted, 0 are left"]),
    ],
)
def test_more_names_than_are_counted_are_told_and_fewer_too(code: dict[str, str], told: list[str]) -> None:
    files = {f"services/{name}/polity_{name}/planted.py": text for name, text in code.items()}
    found = problems(COUNTED, search(files, refusals(GLOSSARY_PLANTED)))
    assert [part in one for part, one in zip(told, found, strict=True)] == [True] * len(told)


def test_tightening_raises_no_number_and_takes_up_nothing_new() -> None:
    left = {("pledge", "portal"): 5, ("pledge", "tests"): 2, ("place", "portal"): 1}
    now = {("pledge", "portal"): 3, ("pledge", "tests"): 9, ("place", "chassis"): 4}
    assert tightened(left, now) == {("pledge", "portal"): 3, ("pledge", "tests"): 2}


def test_a_word_is_refused_only_where_it_is_no_term() -> None:
    glossary = GLOSSARY.read_text()
    terms = {term.lower() for term in re.findall(r"\*\*([^*]+)\*\*", glossary)}
    everywhere = {one.word for one in refusals(glossary) if one.packages == PACKAGES}
    assert {word for word in everywhere if word.replace("_", " ") in terms} == set()


def unknown_homes(glossary: str) -> list[str]:
    """Returns what the last column of the tables names that is no topic and no table of that service."""
    homes = re.findall(r"`([^`]+)`", "\n".join(row.rsplit("|", 2)[1] for row in _rows(glossary)))
    known = {*TOPICS, *_tables()}
    return [home for home in homes if home not in known]


def _rows(glossary: str) -> list[str]:
    return [line for line in glossary.splitlines() if line.startswith("| **")]


def _tables() -> set[str]:
    """Returns the tables that code declares, such as `membership.proof`; those of the chassis as `outbox`."""
    found = set()
    for path, text in sources(ROOT).items():
        package = re.search(r"^(?:services|chassis)/.*?polity_(\w+)/", path)
        for node in ast.walk(ast.parse(text)) if package and "/versions/" not in path else ():
            name = _declared(node)
            if package and name:
                found.add(name if package[1] == "chassis" else f"{package[1]}.{name}")
    return found


def _declared(node: ast.AST) -> str | None:
    if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__tablename__":
        value: ast.expr | None = node.value
    elif isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "Table" and node.args:
        value = node.args[0]
    else:
        value = None
    return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else None


def test_the_glossary_names_tables_and_topics_that_are_there() -> None:
    assert unknown_homes(GLOSSARY.read_text()) == []


def test_a_table_and_a_topic_that_are_not_there_are_found() -> None:
    planted = "| **x** | y | | `membership.network`, `membership.networks`, `outbox`, `membership-places-v1` |"
    assert unknown_homes(planted) == ["membership.networks", "membership-places-v1"]


def test_each_term_stands_once() -> None:
    terms = re.findall(r"\*\*([^*]+)\*\*", "\n".join(_rows(GLOSSARY.read_text())))
    assert len(terms) > 60
    assert [term for term in set(terms) if terms.count(term) > 1] == []


def test_refusals_are_many_and_each_has_its_term() -> None:
    read = refusals(GLOSSARY.read_text())
    assert len(read) > 30
    assert all(isinstance(one, Refusal) and one.term for one in read)
