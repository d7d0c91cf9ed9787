"""A database, topics and a running ledger for each test."""

import secrets
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest_asyncio
from polity_chassis.database.engine import Database
from polity_chassis.messaging.consuming.consumer import ConsumerRunner
from polity_chassis.messaging.consuming.records import Consumer
from polity_contracts.topics import CAMPAIGNS, PEOPLE, Topic
from sqlalchemy import text

sys.path.insert(0, str(Path(__file__).parent))

from ledger import Named, Noted, Running, ledger, prepare, send, until


class World:
    """One test's database and topics, and what runs on them."""

    def __init__(self, database: Database, bootstrap: str, log: Topic, kept: Topic) -> None:
        self.database, self.bootstrap = database, bootstrap
        self.log, self.kept = log.name, kept.name
        self.name = f"ledger-{secrets.token_hex(4)}"
        self._running: list[Running] = []

    def consumer(self, **options: Any) -> Consumer:
        """Returns the ledger over both topics."""
        made = ledger(self.name, (self.log, self.kept), **options)
        object.__setattr__(made, "compacted", frozenset({self.kept}))
        return made

    def start(self, consumer: Consumer | None = None, database: Database | None = None) -> Running:
        """Starts a consumer; it is stopped with the test."""
        runner = ConsumerRunner(consumer or self.consumer(), database or self.database, self.bootstrap)
        self._running.append(Running(runner))
        return self._running[-1]

    async def stop(self) -> None:
        """Stops every consumer."""
        while self._running:
            await self._running.pop().stop()

    async def send(self, *records: dict[str, Any], partition: int | None = 0) -> None:
        """Appends to the log."""
        await send(self.bootstrap, self.log, records, partition=partition)

    async def keep(self, *records: dict[str, Any]) -> None:
        """Appends to the compacted topic."""
        await send(self.bootstrap, self.kept, records)

    async def rows(self, statement: str, **parameters: Any) -> Sequence[Any]:
        """Returns the rows of a query."""
        async with self.database.engine.connect() as connection:
            return [tuple(found) for found in await connection.execute(text(statement), parameters)]

    async def do(self, statement: str, **parameters: Any) -> None:
        """Runs a statement and commits."""
        async with self.database.engine.begin() as connection:
            await connection.execute(text(statement), parameters)

    async def effects(self, key: str) -> list[int]:
        """Returns the key's sequences in the order in which they had their effect."""
        found = await self.rows("SELECT sequence FROM effect WHERE key = :key ORDER BY place", key=key)
        return [sequence for (sequence,) in found]

    async def parked(self, key: str | None = None) -> list[tuple[Any, ...]]:
        """Returns sequence and reason of what waits, in order."""
        return list(
            await self.rows(
                """SELECT sequence, reason FROM parked_message
                    WHERE discarded_at IS NULL AND (CAST(:key AS text) IS NULL OR key = :key)
                    ORDER BY sequence NULLS FIRST, "offset" """,
                key=key,
            )
        )

    async def read_to(self, offset: int, topic: str | None = None, partition: int = 0) -> None:
        """Waits until the consumer's own position is at the offset."""

        async def there() -> bool:
            found = await self.rows(
                """SELECT next_offset FROM consumer_position
                    WHERE consumer = :consumer AND topic = :topic AND partition = :partition""",
                consumer=self.name,
                topic=topic or self.log,
                partition=partition,
            )
            return bool(found) and found[0][0] == offset

        await until(there, f"position {offset}")


@pytest_asyncio.fixture
async def world(postgres: Any, kafka: Any) -> AsyncIterator[World]:
    database = Database(await postgres.create_database("ledger"), application_name="ledger")
    log = replace(kafka.random_topic(CAMPAIGNS), partitions=3)
    kept = replace(kafka.random_topic(PEOPLE), partitions=1)
    await kafka.create_topics(log, kept)
    await prepare(database)
    made = World(database, kafka.bootstrap, log, kept)
    yield made
    await made.stop()
    await database.close()


__all__ = ["Named", "Noted"]
