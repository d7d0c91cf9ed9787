"""Real parts for tests: named by POLITY_TEST_POSTGRES, POLITY_TEST_KAFKA and POLITY_TEST_S3, or started for the run.

POLITY_TEST_PARTS=containers starts PostgreSQL, Kafka and S3 alone in containers; the services' platform has its own.
"""

import os
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright
from polity_chassis.clock import AHEAD, utc_now
from polity_local.commands import checks
from polity_local.running.platform import Platform, start_platform
from polity_local.running.temporary import short_name
from polity_local.testing import buckets, containers
from polity_local.testing.buckets import Bucket
from polity_local.testing.parts import KafkaForTests, PostgresForTests, SmtpSink, running_smtp_sink


def pytest_report_header() -> str | None:
    return f"clock: {utc_now():%A %d %B %Y %H:%M} UTC" if AHEAD else None


PartOf = Callable[[str], str]


@pytest.fixture(scope="session")
def _bare_parts() -> Iterator[PartOf]:
    """Starts PostgreSQL and Kafka alone, each when the first test asks for it, and says where it answers."""
    with ExitStack() as run:
        yield _in_containers(run) if os.environ.get("POLITY_TEST_PARTS") == "containers" else _on_this_machine(run)


def _on_this_machine(run: ExitStack) -> PartOf:
    started: list[Platform] = []

    def part(name: str) -> str:
        if not started:
            started.append(run.enter_context(start_platform(names=[name])))
        started[0].stack.start([name])
        return {"postgres": started[0].instance.admin_url, "kafka": started[0].kafka_bootstrap}[name]

    return part


def _in_containers(run: ExitStack) -> PartOf:
    def part(name: str) -> str:
        start = {"postgres": containers.postgres, "kafka": containers.kafka}[name]
        # A thread of its own: it asks with asyncio.run, and here a loop is running already.
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(run.enter_context, start()).result()

    return part


@pytest_asyncio.fixture(scope="session")
async def postgres(request: pytest.FixtureRequest) -> AsyncIterator[PostgresForTests]:
    given = os.environ.get("POLITY_TEST_POSTGRES")
    server = PostgresForTests(given or request.getfixturevalue("_bare_parts")("postgres"))
    yield server
    await server.drop_created()


@pytest_asyncio.fixture(scope="session")
async def kafka(request: pytest.FixtureRequest) -> AsyncIterator[KafkaForTests]:
    given = os.environ.get("POLITY_TEST_KAFKA")
    broker = KafkaForTests(given or request.getfixturevalue("_bare_parts")("kafka"))
    yield broker
    await broker.delete_created()


@pytest.fixture(scope="session")
def bucket() -> Iterator[Bucket]:
    """A bucket of S3, which this process finds by the standard variables; each test takes a prefix of its own."""
    if given := os.environ.get("POLITY_TEST_S3"):
        variables = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
        yield Bucket(given, variables)
        return
    in_containers = os.environ.get("POLITY_TEST_PARTS") == "containers"
    with containers.bucket() if in_containers else buckets.bucket() as made, pytest.MonkeyPatch.context() as patched:
        for name, value in made.environment.items():
            patched.setenv(name, value)
        yield made


@pytest_asyncio.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """The browser of the whole run; its socket in TMPDIR would have a longer name than sockets can have."""
    path = checks.browser()
    assert path is not None
    with short_name(Path(tempfile.gettempdir())) as folder:
        async with async_playwright() as playwright:
            variables: dict[str, str | float | bool] = {**os.environ, "TMPDIR": folder}
            started = await playwright.chromium.launch(executable_path=path, env=variables)
            yield started
            await started.close()


@pytest.fixture(scope="session")
def mails() -> Iterator[SmtpSink]:
    """What the platform mailed during the whole run; tests tell their mails apart by recipient, nobody clears it."""
    with running_smtp_sink() as sink:
        yield sink


@pytest.fixture(scope="session")
def _platform_at_rest(mails: SmtpSink) -> Iterator[tuple[Platform, dict[str, int]]]:
    overrides = {"POLITY_SMTP_PORT": str(mails.port), "POLITY_PEOPLE_COMPACTION_LAG_SECONDS": "2"}
    with start_platform(roles_apart=True, overrides=overrides) as running:
        yield running, {name: running.memory(name) for name in running.stack.programs}


@pytest.fixture(scope="session")
def platform(_platform_at_rest: tuple[Platform, dict[str, int]]) -> Platform:
    """The whole platform on ports and data of its own, each role a process; started once for the run."""
    return _platform_at_rest[0]


@pytest.fixture(scope="session")
def memory_at_rest(_platform_at_rest: tuple[Platform, dict[str, int]]) -> dict[str, int]:
    """The bytes that each program of the platform held when it had just started, before any test's work."""
    return _platform_at_rest[1]


@pytest.fixture(scope="session")
def _smtp_sink() -> Iterator[SmtpSink]:
    with running_smtp_sink() as sink:
        yield sink


@pytest.fixture
def smtp_sink(_smtp_sink: SmtpSink) -> SmtpSink:
    """The run's mail sink, emptied for each test."""
    _smtp_sink.clear()
    return _smtp_sink
