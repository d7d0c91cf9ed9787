"""Real parts for tests: named by POLITY_TEST_POSTGRES and POLITY_TEST_KAFKA, or started once for the run."""

import os
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from polity_local.testing import KafkaForTests, PostgresForTests, SmtpSink, running_smtp_sink


@pytest_asyncio.fixture(scope="session")
async def postgres() -> AsyncIterator[PostgresForTests]:
    server = PostgresForTests(os.environ["POLITY_TEST_POSTGRES"])
    yield server
    await server.drop_created()


@pytest_asyncio.fixture(scope="session")
async def kafka() -> AsyncIterator[KafkaForTests]:
    broker = KafkaForTests(os.environ["POLITY_TEST_KAFKA"])
    yield broker
    await broker.delete_created()


@pytest.fixture(scope="session")
def _smtp_sink() -> Iterator[SmtpSink]:
    with running_smtp_sink() as sink:
        yield sink


@pytest.fixture
def smtp_sink(_smtp_sink: SmtpSink) -> SmtpSink:
    """The run's mail sink, emptied for each test."""
    _smtp_sink.clear()
    return _smtp_sink
