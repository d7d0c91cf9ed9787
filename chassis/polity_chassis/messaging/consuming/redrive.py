"""Tries parked messages again or discards them. The facts of a key are applied in the order of their publication."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from aiokafka import AIOKafkaConsumer, TopicPartition
from sqlalchemy import Row
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_chassis.database.engine import Database
from polity_chassis.messaging.consuming import parked_messages
from polity_chassis.messaging.consuming.dispatch import NUMBER_TAKEN, KeyState, dispatch_queues
from polity_chassis.messaging.consuming.inbox import StoredInbox
from polity_chassis.messaging.consuming.records import Consumer, Record, RecordDecoder, TopicKey
from polity_chassis.messaging.consuming.resume_parked import resume_parked
from polity_chassis.messaging.header_names import read_any_header_name

READ_SECONDS = 10.0


async def redrive_message(database: Database, bootstrap: str, consumer: Consumer, identity: UUID) -> int | None:
    """Tries a parked message and all that waits behind it again, in order, until one fails again.

    Returns how many facts were applied, None if no such message waits. A record of a compacted topic is read from Kafka
    again, since its data is not parked; if Kafka no longer has it, a newer one of its key will come. A message whose
    number another one has had is applied by itself, after whatever was applied before.
    """
    async with database.transaction() as session:
        row = await parked_messages.find_waiting(session, consumer.name, identity)
    if row is None:
        return None
    compacted = row.topic in consumer.compacted
    record = await read_record(bootstrap, row.topic, row.partition, row.offset) if compacted else None
    async with database.transaction() as session:
        if row.reason == NUMBER_TAKEN:
            return await _apply_by_itself(session, consumer, row, record or parked_messages.stored_record(row))
        if compacted:
            return await _apply_unless_newer(session, consumer, record) if record else 0
        topic_key = await _number(session, consumer, row)
        return await _resume(session, consumer, topic_key) if topic_key else 0


async def discard_message(
    database: Database, consumer: Consumer, identity: UUID, *, by: str, reason: str, at: datetime
) -> int | None:
    """Discards a parked message, records that, and applies what waited behind it.

    Returns how many facts were applied, None if no such message waits. The key advances past the message if nothing
    waits before it; numbers missing before it are discarded with it. A message whose number can't be read accounts for
    one missing number of its key.
    """
    async with database.transaction() as session:
        row = await parked_messages.find_waiting(session, consumer.name, identity)
        if row is None:
            return None
        topic_key = _topic_key(row)
        inbox = StoredInbox(consumer.name)
        states = await inbox.lock(session, [topic_key] if topic_key else [])
        first = await parked_messages.first_waiting(session, consumer.name, topic_key) if topic_key else None
        if not await parked_messages.mark_discarded(session, identity, by=by, reason=reason, at=at):
            return None
        if topic_key is None:
            return 0
        state = states[topic_key]
        if row.sequence is not None and (first == row.sequence or topic_key[0] in consumer.compacted):
            state.last, state.last_id = max(state.last, row.sequence), None
        applied = await resume_parked(session, consumer, topic_key, state)
        await inbox.write(session, states)
        return applied


async def _resume(session: AsyncSession, consumer: Consumer, topic_key: TopicKey) -> int:
    inbox = StoredInbox(consumer.name)
    states = await inbox.lock(session, [topic_key])
    applied = await resume_parked(session, consumer, topic_key, states[topic_key])
    await inbox.write(session, states)
    return applied


async def _number(session: AsyncSession, consumer: Consumer, row: Row[Any]) -> TopicKey | None:
    """Decodes again what had no key or number, as after an upgrade; returns the key that may continue now."""
    topic_key, decoder = _topic_key(row), RecordDecoder(consumer)
    rows: Sequence[Row[Any]] = (
        await parked_messages.unnumbered(session, consumer.name, topic_key) if topic_key else [row]
    )
    for unnumbered in rows:
        item = decoder.decode(parked_messages.stored_record(unnumbered))
        if item.topic_key is None or item.sequence is None:
            await parked_messages.fail_again(session, consumer.name, item)
        else:
            topic_key = item.topic_key
            await parked_messages.set_columns(session, unnumbered.id, key=item.topic_key[1], sequence=item.sequence)
    return topic_key


async def _apply_by_itself(session: AsyncSession, consumer: Consumer, row: Row[Any], record: Record) -> int:
    """Applies a message whose number is taken, under the lock of its key; the key's last number stays."""
    item, state = RecordDecoder(consumer).decode(record), KeyState()
    await StoredInbox(consumer.name).lock(session, [item.topic_key] if item.topic_key else [])
    failed = [item]
    if not item.reason:
        state.enqueue(item)
        failed = await dispatch_queues(session, consumer, [state], isolate_failures=True)
    if failed:
        await parked_messages.fail_again(session, consumer.name, item.with_reason(NUMBER_TAKEN, failed[0].detail))
        return 0
    await parked_messages.remove(session, row.id)
    return 1


async def _apply_unless_newer(session: AsyncSession, consumer: Consumer, record: Record) -> int:
    """Applies one record of a compacted topic unless a newer one was applied."""
    item = RecordDecoder(consumer).decode(record)
    if item.reason or item.topic_key is None or item.sequence is None:
        await parked_messages.fail_again(session, consumer.name, item)
        return 0
    inbox = StoredInbox(consumer.name)
    states = await inbox.lock(session, [item.topic_key])
    state = states[item.topic_key]
    if item.sequence > state.last:
        state.enqueue(item)
        failed = await dispatch_queues(session, consumer, [state], isolate_failures=True)
        if failed:
            await parked_messages.fail_again(session, consumer.name, failed[0])
            return 0
        await inbox.write(session, states)
    await parked_messages.forget(session, consumer.name, item.topic_key, through=item.sequence)
    return 1


async def read_record(bootstrap: str, topic: str, partition: int, offset: int) -> Record | None:
    """Returns the record at that offset, None if Kafka no longer has it."""
    read_any_header_name()
    at = TopicPartition(topic, partition)
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False, auto_offset_reset="latest")
    await consumer.start()
    try:
        consumer.assign([at])
        consumer.seek(at, offset)
        batches = await consumer.getmany(at, timeout_ms=int(READ_SECONDS * 1000), max_records=1)
        found: Record | None = next((r for records in batches.values() for r in records if r.offset == offset), None)
        return found
    finally:
        await consumer.stop()


def _topic_key(row: Row[Any]) -> TopicKey | None:
    return None if row.key is None else (row.topic, row.key)
