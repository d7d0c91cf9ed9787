"""Rebuilds a projection beside the one in use and swaps the two in one transaction.

The rebuild has a schema of its own: empty copies of the projection's tables, of the inbox and of the positions, and
nothing else in its search path. A handler that writes anywhere else fails, so no fact has an outside effect twice. The
live consumer continues meanwhile; after the swap its positions are the rebuild's, and it seeks to them.
"""

import asyncio
import logging
import re
import time
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

from aiokafka import AIOKafkaConsumer, TopicPartition
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_chassis.database.errors import is_infrastructure
from polity_chassis.database.migrations import one_change_at_a_time
from polity_chassis.database.shadow import create_shadow, drop_shadow, keep_shadow, swap_shadow
from polity_chassis.messaging.consuming.dispatch import KeyState, KeyStates
from polity_chassis.messaging.consuming.inbox import apply_batch
from polity_chassis.messaging.consuming.positions import claim_positions, move_positions
from polity_chassis.messaging.consuming.records import Consumer, DecodedRecord, RecordDecoder, TopicKey
from polity_chassis.messaging.header_names import read_any_header_name
from polity_chassis.observability.gc_tuning import tune_gc

MAX_RECORDS = 2_000
"""Above it, what a batch holds no longer fits the processor's caches."""

READ_AT_ONCE = 250
"""Records decoded before the event loop looks whether the database has answered."""

FETCH_BYTES = 8 * 1024 * 1024
SWAP_TRIES = 20

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """How many records were read and how many seconds it took."""

    records: int
    seconds: float


class InMemoryInbox:
    """The inbox of a rebuild, in memory until its end: some 200 bytes per key. A crash ends the rebuild anyway."""

    def __init__(self, consumer: str) -> None:
        self._consumer = consumer
        self._last: dict[TopicKey, tuple[int, UUID | None]] = {}

    async def lock(self, _session: AsyncSession, topic_keys: Collection[TopicKey]) -> KeyStates:
        """Returns the state of each key; nobody else writes a rebuild's inbox."""
        lasts = {topic_key: self._last.get(topic_key, (0, None)) for topic_key in topic_keys}
        return {topic_key: KeyState(*last, *last) for topic_key, last in lasts.items()}

    async def write(self, _session: AsyncSession, states: KeyStates) -> None:
        """Stores the `last` of each state."""
        self._last |= {topic_key: (state.last, state.last_id) for topic_key, state in states.items()}

    async def store(self, session: AsyncSession) -> None:
        """Writes all of it to the table."""
        raw = await (await session.connection()).get_raw_connection()
        records = ((self._consumer, *topic_key, *last) for topic_key, last in self._last.items())
        columns = ["consumer", "topic", "key", "sequence", "message_id"]
        assert raw.driver_connection
        await raw.driver_connection.copy_records_to_table("inbox", records=records, columns=columns)


async def rebuild(database_url: str, bootstrap: str, consumer: Consumer, tables: Sequence[str]) -> Rebuilt:
    """Reads the consumer's topics from their beginning into new tables and replaces `tables` by those.

    `tables` are all that the consumer's handlers write or read, in the schema `public`. Discards are honoured.
    Nothing has changed after a failure; of a database's rebuilds and migrations one runs at a time. Raises
    NotRebuildable for tables that can't be swapped, StructureChanged for those that somebody changed meanwhile, Halted
    where an authority would halt, and whatever the database or Kafka raise.
    """
    tune_gc()
    read_any_header_name()
    started = time.monotonic()
    schema = "rebuild_" + re.sub(r"\W", "_", consumer.name)
    engine = _engine(database_url, schema)
    try:
        async with _exclusive(engine, schema) as connection:
            await create_shadow(connection, schema, consumer.name, tables)
            records = await _fill(engine, bootstrap, consumer)
            await keep_shadow(connection, tables)
            await _swap(engine, consumer.name, tables)
    finally:
        await engine.dispose()
    return Rebuilt(records, time.monotonic() - started)


def _engine(database_url: str, schema: str) -> AsyncEngine:
    # A crash ends the rebuild, so no commit waits for the disk.
    settings = {"application_name": schema, "search_path": f'"{schema}"', "synchronous_commit": "off", "jit": "off"}
    return create_async_engine(database_url, connect_args={"server_settings": settings}, hide_parameters=True)


@asynccontextmanager
async def _exclusive(engine: AsyncEngine, schema: str) -> AsyncIterator[AsyncConnection]:
    """Holds the lock for changing tables: the swap would undo a migration in between."""
    async with engine.connect() as connection:
        await one_change_at_a_time(connection)
        await drop_shadow(connection, schema)
        try:
            yield connection
        finally:
            await drop_shadow(connection, schema)


async def _swap(engine: AsyncEngine, consumer: str, tables: Sequence[str]) -> None:
    """Swaps as soon as no decoder holds a table for long: waiting longer would make every other decoder wait too."""
    for tries_left in reversed(range(SWAP_TRIES)):
        try:
            async with engine.begin() as connection:
                await swap_shadow(connection, consumer, tables)
        except DBAPIError as error:
            if tries_left == 0 or not is_infrastructure(error):
                raise
            await asyncio.sleep(1)
        else:
            return


async def _fill(engine: AsyncEngine, bootstrap: str, consumer: Consumer) -> int:
    # Without a group it gets every partition.
    kafka = AIOKafkaConsumer(
        *consumer.topics,
        bootstrap_servers=bootstrap,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=FETCH_BYTES,
        fetch_max_bytes=4 * FETCH_BYTES,
    )
    await kafka.start()
    try:
        partitions = kafka.assignment()
        if {partition.topic for partition in partitions} != set(consumer.topics):
            raise LookupError(f"not every topic of {consumer.name} exists")
        await kafka.seek_to_beginning(*partitions)
        return await _apply_all(engine, kafka, consumer)
    finally:
        await kafka.stop()


async def _apply_all(engine: AsyncEngine, kafka: AIOKafkaConsumer, consumer: Consumer) -> int:
    """Applies one batch while the next one is read, until little is left; returns how many records."""
    inbox, decoder = InMemoryInbox(consumer.name), RecordDecoder(consumer)
    partitions = kafka.assignment()
    total, ends = 0, await kafka.end_offsets(list(partitions))
    reading = asyncio.create_task(_read(kafka, decoder, ends))
    try:
        while items := await reading:
            reading = asyncio.create_task(_read(kafka, decoder, ends))
            await _apply(engine, consumer, inbox, items)
            total += len(items)
    finally:
        reading.cancel()
    # The last reading found nothing more, so what was read is applied.
    reached = {partition: await kafka.position(partition) for partition in partitions}
    async with AsyncSession(engine) as session, session.begin():
        started = await claim_positions(session, consumer.name, reached)
        await move_positions(session, consumer.name, started, reached)
        await inbox.store(session)
    return total


async def _read(
    kafka: AIOKafkaConsumer, decoder: RecordDecoder, ends: dict[TopicPartition, int]
) -> list[DecodedRecord]:
    """Returns the next records as read; none when the live consumer catches up with the rest in a moment."""
    while True:
        if all([await kafka.position(partition) >= end for partition, end in ends.items()]):
            before = sum(ends.values())
            ends.update(await kafka.end_offsets(list(ends)))
            if sum(ends.values()) - before < MAX_RECORDS:
                return []
        batches = await kafka.getmany(timeout_ms=200, max_records=MAX_RECORDS)
        items: list[DecodedRecord] = []
        for records in batches.values():
            for begin in range(0, len(records), READ_AT_ONCE):
                items += map(decoder.decode, records[begin : begin + READ_AT_ONCE])
                await asyncio.sleep(0)
        if items:
            return items


async def _apply(engine: AsyncEngine, consumer: Consumer, inbox: InMemoryInbox, items: Sequence[DecodedRecord]) -> None:
    for isolate_failures in (False, True):
        try:
            async with AsyncSession(engine) as session, session.begin():
                await apply_batch(session, consumer, inbox, items, isolate_failures=isolate_failures)
            return
        except Exception as error:
            if isolate_failures or is_infrastructure(error):
                raise
