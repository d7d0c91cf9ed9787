"""What this stack does wrong by default, and where the code could fall into it again: each rule sees a planted case."""

import ast
import inspect
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from fastapi import APIRouter, Depends, FastAPI
from fastapi.routing import iter_route_contexts
from polity_chassis.authorization.access import PUBLIC, access

ROOT = Path(__file__).parents[2]
Finder = Callable[[ast.Module], Iterator[str]]


def _calls(tree: ast.Module, *names: str) -> Iterator[tuple[ast.Call, dict[str, str]]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in names:
                yield node, {k.arg: ast.unparse(k.value) for k in node.keywords if k.arg}


def careless_producer(tree: ast.Module) -> Iterator[str]:
    """aiokafka's defaults lose and reorder: acks=1, no idempotence. Its transactions use the old protocol."""
    for call, given in _calls(tree, "AIOKafkaProducer"):
        if given.get("acks") != "'all'" or given.get("enable_idempotence") != "True" or "transactional_id" in given:
            yield f"line {call.lineno}: producer with {given}"


def careless_consumer(tree: ast.Module) -> Iterator[str]:
    """aiokafka's defaults begin at the end and commit by themselves."""
    for call, given in _calls(tree, "AIOKafkaConsumer"):
        if given.get("enable_auto_commit") != "False" or "auto_offset_reset" not in given:
            yield f"line {call.lineno}: consumer with {given}"
    for call, given in _calls(tree, "subscriber"):
        if given.get("auto_offset_reset") != "'earliest'":
            yield f"line {call.lineno}: subscriber with {given}"


def reading_without_the_patch(tree: ast.Module) -> Iterator[str]:
    """aiokafka raises at a header name that is not UTF-8, before anybody gets the record."""
    if not list(_calls(tree, "read_any_header_name")):
        for call, _ in _calls(tree, "getmany", "getone", "subscriber"):
            yield f"line {call.lineno}: {ast.unparse(call)}"


def acknowledgement(tree: ast.Module) -> Iterator[str]:
    """FastStream's ack() commits all positions, not the message's (ag2ai/faststream#2618)."""
    for call, _ in _calls(tree, "ack", "nack", "reject"):
        yield f"line {call.lineno}: {ast.unparse(call)}"


def publishing(tree: ast.Module) -> Iterator[str]:
    """What a broker publishes beside the outbox is not in the transaction."""
    for call, _ in _calls(tree, "publish", "publisher", "publish_batch"):
        yield f"line {call.lineno}: {ast.unparse(call)}"


def plugin(tree: ast.Module) -> Iterator[str]:
    """FastStream's FastAPI plugin is announced for removal."""
    for node in ast.walk(tree):
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        yield from (f"line {node.lineno}: {name}" for name in names if re.match(r"faststream\b.*\bfastapi", name))


def lazy_loading(tree: ast.Module) -> Iterator[str]:
    """A lazy load outside of a greenlet raises MissingGreenlet."""
    for call, _ in _calls(tree, "relationship", "Relationship", "deferred"):
        yield f"line {call.lineno}: {ast.unparse(call)}"


def skipping_outbox(tree: ast.Module) -> Iterator[str]:
    """Relays that skip each other's locked rows break the order within a key."""
    for node in ast.walk(tree):
        text = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
        if "SKIP LOCKED" in text.upper() and re.search(r"\boutbox\b", text):
            yield f"line {node.lineno}: {text.strip()[:80]}"


def csv_writing(tree: ast.Module) -> Iterator[str]:
    """A cell may be a formula to a spreadsheet: what people download is written where each cell is made safe."""
    for call, _ in _calls(tree, "writer", "DictWriter"):
        if not any(isinstance(node, ast.FunctionDef) and node.name == "safe" for node in ast.walk(tree)):
            yield f"line {call.lineno}: {ast.unparse(call)}"


OURS = r"(^|/)polity_\w+/.*\.py$"
CHASSIS = r"^chassis/.*\.py$"
SERVICES = r"^services/.*\.py$"
CHASSIS_AND_SERVICES = r"^(chassis|services)/.*\.py$"
RULES: dict[str, tuple[Finder, str, tuple[str, ...]]] = {
    "producers wait for all and repeat nothing": (
        careless_producer, OURS,
        ("AIOKafkaProducer(acks='all')", "AIOKafkaProducer(acks=1, enable_idempotence=True)",
         "AIOKafkaProducer(acks='all', enable_idempotence=True, transactional_id='x')"),
    ),
    "consumers say where they begin and commit by themselves": (
        careless_consumer, OURS,
        ("AIOKafkaConsumer('t', auto_offset_reset='earliest')", "AIOKafkaConsumer('t', enable_auto_commit=False)",
         "broker.subscriber('t')"),
    ),
    "records are read whatever their header names are": (
        reading_without_the_patch, CHASSIS_AND_SERVICES,
        ("await consumer.getmany(timeout_ms=1)", "broker.subscriber('t')"),
    ),
    "offsets are committed, messages not acknowledged": (acknowledgement, CHASSIS, ("await message.ack()",)),
    "facts leave by the outbox alone": (
        publishing, OURS, ("await broker.publish(1, 't')", "@broker.publisher('t')\ndef f(): ..."),
    ),
    "FastStream stands beside FastAPI": (
        plugin, OURS, ("from faststream.kafka.fastapi import KafkaRouter", "import faststream.kafka.fastapi"),
    ),
    "nothing loads lazily": (
        lazy_loading, OURS, ("people: list = Relationship()", "x = relationship('Y')"),
    ),
    "no relay skips a locked row": (skipping_outbox, OURS, ("q = 'SELECT * FROM outbox FOR UPDATE SKIP LOCKED'",)),
    "tables for people are written where cells are made safe": (
        csv_writing, SERVICES, ("csv.writer(out).writerow(['=1+1'])",),
    ),
}  # fmt: skip


def _sources(pattern: str) -> list[Path]:
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return [ROOT / path for path in listed if re.search(pattern, path) and (ROOT / path).is_file()]


@pytest.mark.parametrize("rule", RULES)
def test_the_code_keeps_clear(rule: str) -> None:
    finder, pattern, _ = RULES[rule]
    paths = _sources(pattern)
    assert paths, f"{pattern} matches nothing: the guard would check nothing"
    found = [f"{p.relative_to(ROOT)} {problem}" for p in paths for problem in finder(ast.parse(p.read_text()))]
    assert found == []


@pytest.mark.parametrize("rule", RULES)
def test_a_planted_case_is_caught(rule: str) -> None:
    finder, _, planted = RULES[rule]
    assert [code for code in planted if not list(finder(ast.parse(code)))] == []


def pinning(app: FastAPI) -> list[str]:
    """Returns each route that holds something open until its answer is sent: a stream would pin one connection each."""

    def holding(dependant: Any) -> bool:
        held = inspect.isgeneratorfunction(dependant.call) or inspect.isasyncgenfunction(dependant.call)
        return held or any(map(holding, dependant.dependencies))

    return [str(r.path) for r in iter_route_contexts(app.routes) if hasattr(r, "dependant") and holding(r.dependant)]


def test_no_route_pins_a_connection(applications: Mapping[str, FastAPI]) -> None:
    assert {name: pinning(app) for name, app in applications.items()} == {name: [] for name in applications}


def test_a_route_that_pins_a_connection_is_caught() -> None:
    async def session() -> Any:
        yield

    router = APIRouter()
    router.get("/pinned", dependencies=[Depends(session)])(lambda: None)
    router.get("/free", **access(PUBLIC))(lambda: None)
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.include_router(router)
    assert pinning(app) == ["/pinned"]


IMPORTING = """
import importlib, pkgutil, threading
import polity_chassis
from opentelemetry import trace
for name in (PACKAGES):
    package = importlib.import_module(name)
    for module in pkgutil.walk_packages(package.__path__, name + "."):
        if not module.name.endswith(("__main__", ".env")) and ".versions" not in module.name:
            importlib.import_module(module.name)
PLANTED
print(threading.active_count(), type(trace.get_tracer_provider()).__name__)
"""


def imported(planted: str = "") -> str:
    """Returns how many threads there are and which tracer provider after every module of ours was imported."""
    packages = sorted(p.parent.name for p in _sources(r"/polity_\w+/__init__\.py$"))
    code = IMPORTING.replace("PACKAGES", repr(packages)).replace("PLANTED", planted)
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "POLITY_"))}
    done = subprocess.run([sys.executable, "-c", code], env=clean, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_nothing_is_traced_before_a_process_is_on_its_own() -> None:
    """Exporters have threads, and a fork takes none along: tracing begins in `run`, never at an import."""
    assert imported() == "1 ProxyTracerProvider"


def test_tracing_that_begins_at_an_import_is_seen() -> None:
    setup = "from polity_chassis.observability import tracing; tracing.setup('x', 'otlp')"
    assert imported(setup) != "1 ProxyTracerProvider"


def test_what_brings_greenlet_is_asked_for() -> None:
    """Without the extra SQLAlchemy installs on some platforms without greenlet, and every await of it fails."""
    assert re.search(r'"sqlalchemy\[asyncio\]', (ROOT / "chassis/pyproject.toml").read_text(), re.IGNORECASE)
    assert re.search(r"^greenlet==", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
