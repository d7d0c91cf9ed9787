"""Reads topics by FastStream and applies them in batches: positions, inbox and effects in one transaction.

Offsets are committed to Kafka only to show the lag to its tools. On every assignment the consumer seeks to its own
positions, and a batch whose positions another process has moved is rolled back.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, TypeVar

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.kafka.message import KafkaAckableMessage

from polity_chassis.database.engine import Database
from polity_chassis.database.errors import describe, is_infrastructure
from polity_chassis.messaging.consuming import parked_messages
from polity_chassis.messaging.consuming.absent_keys import forget_absent
from polity_chassis.messaging.consuming.batch_span import batch_span
from polity_chassis.messaging.consuming.caught_up import CaughtUpMarker
from polity_chassis.messaging.consuming.inbox import Halted, StoredInbox, apply_batch
from polity_chassis.messaging.consuming.positions import (
    Positions,
    SeekToOwnPositions,
    StalePosition,
    claim_positions,
    move_positions,
)
from polity_chassis.messaging.consuming.records import Consumer, DecodedRecord, RecordDecoder
from polity_chassis.messaging.header_names import read_any_header_name

BATCH_TIMEOUT_MS = 10
WATCH_SECONDS = 1.0
AWAY_SECONDS = 3600.0
"""After so long without catching up with a compacted topic, missed tombstones are looked for."""
LONGEST_PAUSE_SECONDS = 5.0
GRACE_SECONDS = 10.0

T = TypeVar("T")

log = logging.getLogger(__name__)


class ConsumerRunner:
    """One consumer in this process: `run` until cancelled.

    `last_progress` (time.monotonic) is when a batch was last committed or everything published was last found
    applied; `waiting_for` says why it makes no progress, None while it does.
    """

    def __init__(self, consumer: Consumer, database: Database, bootstrap: str) -> None:
        self.consumer = consumer
        self.last_progress = time.monotonic()
        self.waiting_for: str | None = None
        self._database = database
        self._bootstrap = bootstrap
        self._decoder = RecordDecoder(consumer)
        self._inbox = StoredInbox(consumer.name)
        self._positions: dict[TopicPartition, int] = {}
        self._committed: dict[TopicPartition, int] = {}
        self._lag: int | None = None
        self._caught_up = CaughtUpMarker(consumer, database)
        self._failures = 0
        self._subscriber: Any = None
        self._stopping = asyncio.Event()

    def lag(self) -> int | None:
        """Returns how many records of this process' partitions are not applied yet, None before it is known."""
        return self._lag

    async def run(self) -> None:
        """Consumes until cancelled; while the database or the broker is away it waits, for ever and visibly."""
        read_any_header_name()
        while True:
            self._stopping.clear()
            try:
                await self._consume()
            except (KafkaError, OSError, TimeoutError) as error:
                await self._back_off("kafka", error)

    async def _consume(self) -> None:
        await self._until_it_succeeds(
            partial(forget_absent, self._database, self._bootstrap, self.consumer, self._progressed)
        )
        self._caught_up.since = time.monotonic()
        broker = self._wire()
        try:
            await broker.start()
            while not self.consumer.compacted or time.monotonic() - self._caught_up.since < AWAY_SECONDS:
                await self._watch()
                await asyncio.sleep(WATCH_SECONDS)
        finally:
            self._stopping.set()
            await broker.stop()
            self._positions.clear()

    async def _until_it_succeeds(self, action: Callable[[], Awaitable[T]]) -> T | None:
        """Tries the action until it succeeds and returns its result; returns None if the consumer stops before."""
        while not self._stopping.is_set():
            try:
                return await action()
            except Exception as error:  # aiokafka would swallow it and read on from Kafka's own offsets
                await self._back_off("kafka" if isinstance(error, KafkaError) else "database", error)
        return None

    def _progressed(self) -> None:
        self.last_progress = time.monotonic()

    def _wire(self) -> KafkaBroker:
        broker = KafkaBroker(
            self._bootstrap,
            client_id=self.consumer.name,
            allow_auto_create_topics=False,
            apply_types=False,
            graceful_timeout=GRACE_SECONDS,
            logger=log,
            log_level=logging.DEBUG,
        )
        self._subscriber = broker.subscriber(
            *self.consumer.topics,
            group_id=self.consumer.name,
            batch=True,
            max_records=self.consumer.most_records,
            batch_timeout_ms=BATCH_TIMEOUT_MS,
            auto_offset_reset="earliest",
            ack_policy=AckPolicy.MANUAL,
            no_reply=True,
            listener=SeekToOwnPositions(self),
            parser=self._parse,
            decoder=_raw_records,
        )
        self._subscriber(self._handle)
        return broker

    @property
    def _kafka(self) -> AIOKafkaConsumer:
        return self._subscriber.consumer

    async def _parse(self, batch: tuple[ConsumerRecord, ...], _original: Any) -> KafkaAckableMessage:
        """FastStream's own parser fails on a null or non-UTF-8 header and loses the batch; ours reads no header."""
        return KafkaAckableMessage(
            raw_message=batch, body=b"", message_id="-", correlation_id="-", consumer=self._kafka
        )

    async def _handle(self, records: list[ConsumerRecord]) -> None:
        """Applies one batch or rewinds to where it began; never raises: FastStream would continue behind it."""
        batch = [r for r in records if TopicPartition(r.topic, r.partition) in self._positions]
        if not batch:
            return
        try:
            await self._apply_or_halt(batch)
        except StalePosition:
            await self.adopt({TopicPartition(r.topic, r.partition) for r in batch})
        except Exception as error:
            self._rewind(batch)
            await self._back_off("authority" if isinstance(error, Halted) else "database", error)
        else:
            self._failures, self.waiting_for, self.last_progress = 0, None, time.monotonic()

    async def _apply_or_halt(self, batch: Sequence[ConsumerRecord]) -> None:
        """Applies the batch; if an authority consumer halts, applies what is before that record and raises Halted."""
        try:
            await self._apply(batch)
        except Halted as halt:
            await self._park_halted(halt)
            at = halt.item.record
            before = [r for r in batch if (r.topic, r.partition) != (at.topic, at.partition) or r.offset < at.offset]
            if before:
                await self._apply_or_halt(before)
            raise

    async def _apply(self, batch: Sequence[ConsumerRecord]) -> None:
        items = [self._decoder.decode(record) for record in batch]
        reached = {TopicPartition(r.topic, r.partition): r.offset + 1 for r in batch}
        expected = {partition: self._positions[partition] for partition in reached}
        with batch_span(self.consumer.name, items):
            try:
                await self._transaction(items, expected, reached, isolate_failures=False)
            except (StalePosition, Halted):
                raise
            except Exception as error:
                if is_infrastructure(error):
                    raise
                await self._transaction(items, expected, reached, isolate_failures=True)
        for partition, offset in reached.items():
            if self._positions.get(partition) == expected[partition]:
                self._positions[partition] = offset

    async def _transaction(
        self, items: Sequence[DecodedRecord], expected: Positions, reached: Positions, *, isolate_failures: bool
    ) -> None:
        async with self._database.transaction() as session:
            # First: the moved rows stay locked, so that the batches of a partition follow each other.
            await move_positions(session, self.consumer.name, expected, reached)
            await apply_batch(session, self.consumer, self._inbox, items, isolate_failures=isolate_failures)

    async def adopt(self, partitions: set[TopicPartition]) -> None:
        """Seeks to our own positions in the partitions; waits for the database for as long as it takes."""
        positions = await self._until_it_succeeds(partial(self._claim, partitions))
        for partition, offset in (positions or {}).items():
            self._seek(partition, offset)

    async def _claim(self, partitions: set[TopicPartition]) -> dict[TopicPartition, int]:
        async with self._database.transaction() as session:
            return await claim_positions(session, self.consumer.name, partitions)

    def _seek(self, partition: TopicPartition, offset: int) -> None:
        try:
            self._kafka.seek(partition, offset)
            self._kafka.resume(partition)
        except IllegalStateError:  # it belongs to another process by now
            self._positions.pop(partition, None)
        else:
            self._positions[partition] = offset

    def _rewind(self, batch: Sequence[ConsumerRecord]) -> None:
        for partition in {TopicPartition(r.topic, r.partition) for r in batch}:
            if partition in self._positions:
                self._seek(partition, self._positions[partition])

    async def _park_halted(self, halt: Halted) -> None:
        with contextlib.suppress(Exception):
            async with self._database.transaction() as session:
                await parked_messages.park(session, self.consumer, [halt.item])

    async def _back_off(self, what: str, error: Exception) -> None:
        """Waits longer at each failure, up to LONGEST_PAUSE_SECONDS, and logs it."""
        seconds = min(0.1 * 2**self._failures, LONGEST_PAUSE_SECONDS)
        self._failures = min(self._failures + 1, 10)
        reason = str(error) if isinstance(error, Halted) else describe(error, personal=True)
        self.waiting_for = f"{what}: {reason}"
        log.warning("consumer %s waits for %s (%s), again in %.1f s", self.consumer.name, what, reason, seconds)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    def attach(self, assigned: set[TopicPartition]) -> None:
        """Takes over the assigned partitions, paused until our own positions are known."""
        self._positions.clear()
        self._committed.clear()
        self._kafka.pause(*assigned)

    def release(self, revoked: set[TopicPartition]) -> None:
        """Forgets the revoked partitions: a batch of them under way rolls back if another process was faster."""
        for partition in revoked:
            self._positions.pop(partition, None)

    async def _watch(self) -> None:
        """Measures the lag, marks whether the consumer has caught up, commits offsets for Kafka's own tools."""
        partitions = dict(self._positions)
        if not partitions:
            return
        asked_at = await self._caught_up.due()
        ends = await self._kafka.end_offsets(list(partitions))
        behind = [p for p in partitions if self._positions.get(p, ends[p]) < ends[p]]
        # Records that were deleted from the log are no backlog.
        begins = await self._kafka.beginning_offsets(behind) if behind else {}
        self._lag = sum(ends[p] - max(self._positions.get(p, ends[p]), begins[p]) for p in behind)
        if self._lag == 0:
            self.last_progress = time.monotonic()
            if asked_at:
                await self._caught_up.mark([p for p in partitions if p in self._positions], asked_at)
        moved = {p: o for p, o in self._positions.items() if self._committed.get(p) != o}
        if moved:
            with contextlib.suppress(KafkaError, IllegalStateError):
                await self._kafka.commit(moved)
                self._committed |= moved


async def _raw_records(message: KafkaAckableMessage, _original: Any) -> list[ConsumerRecord]:
    return list(message.raw_message)
