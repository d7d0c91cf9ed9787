"""Ends a process whose consumer or relay makes no progress without a reason; the supervisor starts it again.

aiokafka can stop after a broker's restart or a rebalance without any sign (aio-libs/aiokafka#1154, #847, #625, #718).
A consumer is stuck when a client of its own sees facts beyond our position and the position does not move.
"""

import asyncio
import logging
import time
from collections.abc import Sequence
from typing import Protocol

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from opentelemetry.instrumentation.utils import suppress_instrumentation
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from polity_chassis.database.engine import Database
from polity_chassis.messaging.consuming.records import Consumer

LOOK_SECONDS = 5.0
PATIENCE_SECONDS = 60.0
ASK_SECONDS = 10.0

_POSITIONS = text("SELECT topic, partition, next_offset FROM consumer_position WHERE consumer = :consumer")

log = logging.getLogger(__name__)


class Stuck(RuntimeError):
    """A part makes no progress although there is something to do and nothing it waits for."""


class Progressing(Protocol):
    """What can be watched: `last_progress` is of time.monotonic()."""

    last_progress: float


class Consuming(Progressing, Protocol):
    """A consumer; `waiting_for` begins with `authority` while it is halted on purpose."""

    consumer: Consumer
    waiting_for: str | None


class Liveness:
    """Watches the consumers and the relays of one process."""

    def __init__(
        self,
        database: Database,
        bootstrap: str,
        *,
        consumers: Sequence[Consuming] = (),
        relays: Sequence[Progressing] = (),
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self._database = database
        self._bootstrap = bootstrap
        self._consumers = consumers
        self._relays = relays
        self._patience = patience_seconds
        self._suspected: dict[str, tuple[float, dict[TopicPartition, int]]] = {}

    async def run(self) -> None:
        """Watches until cancelled; raises Stuck."""
        while True:
            await asyncio.sleep(min(LOOK_SECONDS, self._patience / 2))
            for relay in self._relays:
                if time.monotonic() - relay.last_progress > 2 * self._patience:
                    raise Stuck("relay")
            for consumer in self._consumers:
                await self._look(consumer)

    async def _look(self, runner: Consuming) -> None:
        name = runner.consumer.name
        halted = (runner.waiting_for or "").startswith("authority")
        if halted or time.monotonic() - runner.last_progress < self._patience / 2:
            self._suspected.pop(name, None)
            return
        try:
            with suppress_instrumentation():
                behind = await self._behind(runner.consumer)
        except (KafkaError, SQLAlchemyError, OSError, TimeoutError):
            # What can't be asked can't be read from either: waiting for it is right.
            self._suspected.pop(name, None)
            return
        since, before = self._suspected.get(name, (time.monotonic(), behind))
        unmoved = {partition: offset for partition, offset in behind.items() if before.get(partition) == offset}
        if not unmoved:
            self._suspected.pop(name, None)
            return
        self._suspected[name] = (since, unmoved)
        if time.monotonic() - since > self._patience / 2:
            raise Stuck(name)

    async def _behind(self, consumer: Consumer) -> dict[TopicPartition, int]:
        """Returns our position in each partition that has facts beyond it; one never read stands at 0."""
        async with asyncio.timeout(ASK_SECONDS), self._database.watch() as connection:
            rows = (await connection.execute(_POSITIONS, {"consumer": consumer.name})).all()
        positions = {TopicPartition(row.topic, row.partition): row.next_offset for row in rows}
        # Without a group it gets every partition, those among them that the stuck one was never assigned.
        client = AIOKafkaConsumer(
            *consumer.topics,
            bootstrap_servers=self._bootstrap,
            enable_auto_commit=False,
            auto_offset_reset="latest",
        )
        try:
            async with asyncio.timeout(ASK_SECONDS):
                await client.start()
                partitions = list(client.assignment())
                ends, begins = await client.end_offsets(partitions), await client.beginning_offsets(partitions)
        finally:
            await client.stop()
        return {
            partition: positions.get(partition, 0)
            for partition, end in ends.items()
            # Records that were deleted from the log are no backlog.
            if end > max(positions.get(partition, 0), begins[partition])
        }
