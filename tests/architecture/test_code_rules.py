"""Rules of the code that no linter knows, each with a self-test that plants a violation."""

import ast
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
Finder = Callable[[ast.Module], Iterator[str]]


def impure(tree: ast.Module) -> Iterator[str]:
    """Yields what a domain module must not hold: waiting, and asking the clock or chance."""
    for node in ast.walk(tree):
        if isinstance(node, ast.AsyncFunctionDef | ast.Await):
            yield f"line {node.lineno}: domain code does not wait"
        if isinstance(node, ast.Attribute) and node.attr in {"now", "utcnow", "today", "uuid4", "uuid7", "random"}:
            yield f"line {node.lineno}: {node.attr} is asked, not passed"


def default_acknowledgement(tree: ast.Module) -> Iterator[str]:
    """Yields each Kafka subscriber that leaves the acknowledgement to FastStream's default (it loses messages)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "subscriber":
            policy = next((ast.unparse(k.value) for k in node.keywords if k.arg == "ack_policy"), None)
            if policy != "AckPolicy.MANUAL":
                yield f"line {node.lineno}: subscriber with ack_policy={policy}"


def sql_text(tree: ast.Module) -> Iterator[str]:
    """Yields SQL in a use case: it belongs to storage."""
    for node in ast.walk(tree):
        text = node.value if isinstance(node, ast.Constant) else None
        if isinstance(text, str) and re.match(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\s", text):
            yield f"line {node.lineno}: SQL text"


DOMAIN = (
    "**/polity_*/domain/**/*.py", "**/polity_membership/*/domain.py", "**/polity_membership/*/domain/*.py",
    "**/polity_membership/*/errors.py", "**/polity_membership/values/*.py",
)  # fmt: skip
USECASES = (
    "**/polity_*/usecases/**/*.py", "**/polity_membership/*/usecases.py", "**/polity_membership/*/usecases/*.py",
)  # fmt: skip
"""Services by layer, and the one that has a package per noun."""
RULES: dict[str, tuple[Finder, tuple[str, ...], str]] = {
    "domain code is pure": (impure, DOMAIN, "async def decide():\n    await x"),
    "no clock in the domain": (impure, DOMAIN, "made = datetime.now(UTC)"),
    "acknowledgement is manual": (default_acknowledgement, ("**/polity_*/**/*.py",), "broker.subscriber('topic')"),
    "no SQL in use cases": (sql_text, USECASES, "session.execute('SELECT 1')"),
}  # fmt: skip


def _sources(pattern: str) -> list[Path]:
    # Not from the root: in .local what runs beside the tests comes and goes while it is listed.
    return [path for folder in ("contracts", "chassis", "services", "deploy") for path in (ROOT / folder).glob(pattern)]


@pytest.mark.parametrize("rule", RULES)
def test_the_code_keeps(rule: str) -> None:
    finder, patterns, _ = RULES[rule]
    for pattern in patterns:
        assert _sources(pattern), f"{pattern} matches nothing: the guard would check nothing"
    paths = [path for pattern in patterns for path in _sources(pattern)]
    found = [f"{p.relative_to(ROOT)} {problem}" for p in paths for problem in finder(ast.parse(p.read_text()))]
    assert found == []


@pytest.mark.parametrize("rule", RULES)
def test_a_planted_violation_is_caught(rule: str) -> None:
    finder, _, planted = RULES[rule]
    assert list(finder(ast.parse(planted)))


LONG = {
    # file or function: why it may be longer than 300 or 50 lines
}


def too_long(path: Path, text: str) -> Iterator[str]:
    """Yields the file if it has over 300 lines and each function of over 50."""
    name = path.as_posix()
    if text.count("\n") > 300:
        yield name
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or 0) - node.lineno + 1
            if length > 50:
                yield f"{name}:{node.name}"


def test_files_and_functions_stay_short() -> None:
    found = {f for p in _sources("**/polity_*/**/*.py") for f in too_long(p.relative_to(ROOT), p.read_text())}
    assert found == set(LONG)


def test_a_long_function_is_caught() -> None:
    text = "def planted():\n" + "    pass\n" * 60
    assert list(too_long(Path("planted.py"), text)) == ["planted.py:planted"]
    assert list(too_long(Path("planted.py"), "x = 1\n" * 301)) == ["planted.py"]


MACHINE = re.compile(
    # Split, so that this file is not what it finds.
    "|".join(("py" + r"pi\.org", "python" + "hosted", r"repo1?\." + "maven", "registry" + r"\.npmjs", "deb" + r"\.deb"))
    + r"|(?<![A-Za-z0-9_.-])/(?:wo" + r"rk|ro" + r"ot)/"
)  # fmt: skip


def _tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / line for line in listed.splitlines()]


def test_no_file_names_a_registry_host_or_a_path_of_one_machine() -> None:
    found = []
    for path in _tracked():
        # Vendored assets are as their makers publish them.
        if path.is_file() and "static" not in path.parts:
            text = path.read_text(errors="replace")
            found += [f"{path.relative_to(ROOT)}: {m.group()}" for m in MACHINE.finditer(text)]
    assert found == []


def test_a_registry_host_and_a_machine_path_are_caught() -> None:
    assert MACHINE.search("index = https://py" + "pi.org/simple")
    assert MACHINE.search("cd /wo" + "rk/main")
    assert not MACHINE.search("the home of root")


def test_uv_lock_is_not_kept() -> None:
    assert ROOT / "uv.lock" not in _tracked()
