"""Finds keys whose tombstones a consumer has missed because Kafka had removed them meanwhile.

Kafka keeps a tombstone for the topic's `delete.retention.ms`. A consumer that last caught up longer ago, or whose
database was restored from a backup, reads the compacted topic from its beginning: a key that it knows and that is no
longer in the topic was erased.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import for_code
from polity_contracts.envelope import Fact
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_chassis.database.engine import Database
from polity_chassis.ids import new_id
from polity_chassis.messaging.consuming.inbox import StoredInbox
from polity_chassis.messaging.consuming.positions import database_time, mark_at_end
from polity_chassis.messaging.consuming.records import Consumer, Received
from polity_chassis.messaging.header_names import read_any_header_name

READ_MILLISECONDS = 500
SLICE = 500
PATIENCE_SECONDS = 60.0
"""How long one read of the topic may take."""

BEFORE_ALL = datetime.min.replace(tzinfo=UTC)
SETTING = "delete.retention.ms"

_POSITIONS = text("SELECT partition, at_end_at FROM consumer_position WHERE consumer = :consumer AND topic = :topic")
_KEYS = text("SELECT key FROM inbox WHERE consumer = :consumer AND topic = :topic")

log = logging.getLogger(__name__)


async def forget_absent(database: Database, bootstrap: str, consumer: Consumer, on_progress: Callable[[], None]) -> int:
    """Applies the missed tombstones; returns how many, 0 where the consumer cannot have missed one.

    `on_progress` is called while the topic is read. Raises KafkaError, TimeoutError and the database's errors.
    """
    ended = next((kind for kind in consumer.handlers if kind.tombstone), None)
    total = 0
    for topic in sorted(consumer.compacted) if ended else ():
        async with database.transaction() as session:
            at = await database_time(session)
            stood, keys = await _known(session, consumer, topic)
        # Half of it: Kafka counts from the cleaner's first pass.
        if not stood or min(stood.values()) > at - await _delete_retention(bootstrap, topic) / 2:
            continue
        absent = sorted(keys - await _present(bootstrap, topic, on_progress)) if keys else []
        for start in range(0, len(absent), SLICE):
            await _end(database, consumer, ended, topic, absent[start : start + SLICE])
            on_progress()
        async with database.transaction() as session:
            await mark_at_end(session, consumer.name, stood, at)
        log.warning("read a compacted topic again", extra={"topic": topic, "keys": len(keys), "absent": len(absent)})
        total += len(absent)
    return total


async def _known(
    session: AsyncSession, consumer: Consumer, topic: str
) -> tuple[Mapping[TopicPartition, datetime], set[str]]:
    """Returns when the consumer was last at the end of each partition it has read, and the keys it has applied."""
    connection = await session.connection()
    parameters = {"consumer": consumer.name, "topic": topic}
    rows = await connection.execute(_POSITIONS, parameters)
    stood = {TopicPartition(topic, row.partition): row.at_end_at or BEFORE_ALL for row in rows}
    return stood, set((await connection.execute(_KEYS, parameters)).scalars())


async def _delete_retention(bootstrap: str, topic: str) -> timedelta:
    """Returns for how long Kafka keeps the topic's tombstones; raises KafkaError."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        wanted = ConfigResource(ConfigResourceType.TOPIC, topic, configs={SETTING: None})
        (answer,) = await admin.describe_configs([wanted])
    finally:
        await admin.close()
    ((code, reason, _, _, entries),) = answer.resources
    if code:
        raise for_code(code)(reason)
    return timedelta(milliseconds=next(int(value) for name, value, *_ in entries if name == SETTING))


async def _present(bootstrap: str, topic: str, on_progress: Callable[[], None]) -> set[str]:
    """Returns the keys that the topic still has, tombstones included."""
    read_any_header_name()
    # Without a group it gets every partition.
    kafka = AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, enable_auto_commit=False, auto_offset_reset="earliest")
    present: set[str] = set()
    await kafka.start()
    try:
        partitions = list(kafka.assignment())
        await kafka.seek_to_beginning(*partitions)
        ends = await kafka.end_offsets(partitions)
        while any([await kafka.position(partition) < end for partition, end in ends.items()]):
            async with asyncio.timeout(PATIENCE_SECONDS):
                batches = await kafka.getmany(timeout_ms=READ_MILLISECONDS)
            present.update(
                (record.key or b"").decode(errors="replace") for batch in batches.values() for record in batch
            )
            on_progress()
    finally:
        await kafka.stop()
    return present


async def _end(
    database: Database, consumer: Consumer, ended: type[Fact] | None, topic: str, keys: Sequence[str]
) -> None:
    """Applies the missed tombstones; the inbox does not change."""
    assert ended
    async with database.transaction() as session:
        at = await database_time(session)
        states = await StoredInbox(consumer.name).lock(session, [(topic, key) for key in keys])
        fact: Any = ended.model_validate({})
        facts = [Received(fact, key, at, new_id(), states[topic, key].last, topic, -1, -1, None) for key in keys]
        await consumer.handlers[ended](session, facts)
