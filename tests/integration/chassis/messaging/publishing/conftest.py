"""A database with the chassis' tables, a topic of its own, and what was published there."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from types import MappingProxyType
from typing import Any
from uuid import UUID

import asyncpg
import pytest_asyncio
from aiokafka import AIOKafkaConsumer, ConsumerRecord
from alembic.migration import MigrationContext
from alembic.operations import Operations
from polity_chassis.clock import utc_now
from polity_chassis.database.engine import Database
from polity_chassis.database.migrations import change_chassis_tables, create_chassis_tables
from polity_chassis.database.urls import driver_url
from polity_chassis.messaging.publishing.outbox import Outgoing, add_outgoing
from polity_chassis.messaging.publishing.relay import Relay
from polity_chassis.messaging.publishing.restore_check import Aggregates
from polity_contracts.envelope import Fact, Visibility
from polity_contracts.topics import CAMPAIGNS

PATIENCE_SECONDS = 60


class Outbox:
    """One service's outbox, its topic, and relays for it."""

    def __init__(self, database: Database, bootstrap: str, topic: str) -> None:
        self.database, self.bootstrap, self.topic = database, bootstrap, topic

        class Noted(Fact):
            type = "test.noted"
            visibility = Visibility.PUBLIC
            text: str = ""

        Noted.topic = topic
        self.fact = Noted

    def outgoing(self, key: UUID, sequence: int, text: str = "") -> Outgoing:
        return Outgoing(key, sequence, self.fact(text=text))

    async def add(self, *rows: Outgoing) -> None:
        async with self.database.transaction() as session:
            await add_outgoing(session, rows, occurred_at=utc_now())

    async def count(self) -> int:
        async with self.connected() as connection:
            return int(await connection.fetchval("SELECT count(*) FROM outbox"))

    async def drained(self) -> None:
        async def empty() -> bool:
            return await self.count() == 0

        await self.until(empty)

    @contextlib.asynccontextmanager
    async def connected(self) -> AsyncIterator[Any]:
        connection = await asyncpg.connect(driver_url(self.database.url))
        try:
            yield connection
        finally:
            await connection.close()

    @contextlib.asynccontextmanager
    async def relaying(self, aggregates: Aggregates = MappingProxyType({})) -> AsyncIterator[Relay]:
        relay = Relay(self.database.url, self.bootstrap, source="test", aggregates=aggregates)
        task = asyncio.create_task(relay.run())
        try:
            yield relay
        finally:
            task.cancel()
            await asyncio.wait([task])

    def relay_process(self) -> contextlib.AbstractAsyncContextManager[asyncio.subprocess.Process]:
        """A relay in a process of its own, killed at the end."""
        return self._process("relay_process.py", self.bootstrap)

    def session_process(self, *statements: str) -> contextlib.AbstractAsyncContextManager[asyncio.subprocess.Process]:
        """A relay's session in a process of its own, which runs the statements; killed at the end."""
        return self._process("session_process.py", *statements)

    @contextlib.asynccontextmanager
    async def _process(self, script: str, *arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(Path(__file__).parent / script), self.database.url, *arguments
        )
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
            await process.wait()

    @staticmethod
    async def until(condition: Callable[[], Awaitable[Any]]) -> Any:
        """Returns the condition's first true answer; fails when there is none for a long time."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not (answer := await condition()):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
            return answer

    @staticmethod
    def sequences(records: list[ConsumerRecord]) -> dict[str, list[int]]:
        """Returns each key's sequences in the order of the topic, repeats included."""
        of_key: dict[str, list[int]] = {}
        for record in records:
            of_key.setdefault(record.key.decode(), []).append(int(dict(record.headers)["ce_sequence"]))
        return of_key

    async def published(self, least: int = 0) -> list[ConsumerRecord]:
        """Returns everything in the topic, partition by partition, once there are `least` records."""
        consumer = AIOKafkaConsumer(self.topic, bootstrap_servers=self.bootstrap, auto_offset_reset="earliest")
        await consumer.start()
        try:
            records: list[ConsumerRecord] = []
            async with asyncio.timeout(PATIENCE_SECONDS):
                while True:
                    got = await consumer.getmany(timeout_ms=300)
                    records += [record for batch in got.values() for record in batch]
                    if not got and len(records) >= least:
                        return sorted(records, key=lambda record: (record.partition, record.offset))
        finally:
            await consumer.stop()


@pytest_asyncio.fixture
async def outbox(postgres: Any, kafka: Any) -> AsyncIterator[Outbox]:
    url = await postgres.create_database("outbox")
    database = Database(url, application_name="test", pool_size=20)

    def create(connection: Any) -> None:
        op = Operations(MigrationContext.configure(connection))
        create_chassis_tables(op)
        change_chassis_tables(op)

    async with database.engine.begin() as connection:
        await connection.run_sync(create)
    topic = kafka.random_topic(CAMPAIGNS)
    await kafka.create_topics(topic)
    yield Outbox(database, kafka.bootstrap, topic.name)
    await database.close()
