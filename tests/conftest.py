"""Real parts for tests: named by POLITY_TEST_POSTGRES and POLITY_TEST_KAFKA, or started once for the run."""

import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack

import pytest
import pytest_asyncio
from polity_local.platform import Platform, start_platform
from polity_local.testing import KafkaForTests, PostgresForTests, SmtpSink, running_smtp_sink

PartOf = Callable[[str], Platform]


@pytest.fixture(scope="session")
def _bare_parts() -> Iterator[PartOf]:
    """Starts PostgreSQL and Kafka alone, each when the first test asks for it; the services' platform has its own."""
    with ExitStack() as run:
        started: list[Platform] = []

        def part(name: str) -> Platform:
            if not started:
                started.append(run.enter_context(start_platform(names=[name])))
            started[0].stack.start([name])
            return started[0]

        yield part


@pytest_asyncio.fixture(scope="session")
async def postgres(request: pytest.FixtureRequest) -> AsyncIterator[PostgresForTests]:
    given = os.environ.get("POLITY_TEST_POSTGRES")
    server = PostgresForTests(given or request.getfixturevalue("_bare_parts")("postgres").place.admin_url)
    yield server
    await server.drop_created()


@pytest_asyncio.fixture(scope="session")
async def kafka(request: pytest.FixtureRequest) -> AsyncIterator[KafkaForTests]:
    given = os.environ.get("POLITY_TEST_KAFKA")
    broker = KafkaForTests(given or request.getfixturevalue("_bare_parts")("kafka").kafka_bootstrap)
    yield broker
    await broker.delete_created()


@pytest.fixture(scope="session")
def mails() -> Iterator[SmtpSink]:
    """What the platform mailed during the whole run; tests tell their mails apart by recipient, nobody clears it."""
    with running_smtp_sink() as sink:
        yield sink


@pytest.fixture(scope="session")
def platform(mails: SmtpSink) -> Iterator[Platform]:
    """The whole platform on ports and data of its own, each role a process; started once for the run."""
    overrides = {"POLITY_SMTP_PORT": str(mails.port), "POLITY_PEOPLE_COMPACTION_LAG_SECONDS": "2"}
    with start_platform(roles_apart=True, overrides=overrides) as running:
        yield running


@pytest.fixture(scope="session")
def _smtp_sink() -> Iterator[SmtpSink]:
    with running_smtp_sink() as sink:
        yield sink


@pytest.fixture
def smtp_sink(_smtp_sink: SmtpSink) -> SmtpSink:
    """The run's mail sink, emptied for each test."""
    _smtp_sink.clear()
    return _smtp_sink
