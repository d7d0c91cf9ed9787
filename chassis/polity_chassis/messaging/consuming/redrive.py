"""Parked messages sent again or given up. Every order of a key's facts stays as it was published."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from aiokafka import AIOKafkaConsumer, TopicPartition
from sqlalchemy import Row
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_chassis.database.engine import Database
from polity_chassis.messaging.consuming import parked_messages
from polity_chassis.messaging.consuming.dispatch import NUMBER_TAKEN, Standing, work_queues
from polity_chassis.messaging.consuming.inbox import StoredInbox
from polity_chassis.messaging.consuming.records import Consumer, Place, Reader, Record
from polity_chassis.messaging.consuming.resume_parked import release
from polity_chassis.messaging.header_names import read_any_header_name

READ_SECONDS = 10.0


async def redrive(database: Database, bootstrap: str, consumer: Consumer, identity: UUID) -> int | None:
    """Tries a parked message and all that waits behind it again, in order, until one fails again.

    Returns how many facts were applied, None when no such message waits. A record of a compacted topic is read from
    Kafka again (its data is not parked); when it is gone there, a newer one of its key is on its way. A message whose
    number another has had is applied by itself, after whatever was applied before.
    """
    async with database.transaction() as session:
        row = await parked_messages.one(session, consumer.name, identity)
    if row is None:
        return None
    compacted = row.topic in consumer.compacted
    record = await read_record(bootstrap, row.topic, row.partition, row.offset) if compacted else None
    async with database.transaction() as session:
        if row.reason == NUMBER_TAKEN:
            return await _by_itself(session, consumer, row, record or parked_messages.stored_record(row))
        if compacted:
            return await _once_more(session, consumer, record) if record else 0
        place = await _number(session, consumer, row)
        return await _release(session, consumer, place) if place else 0


async def discard(
    database: Database, consumer: Consumer, identity: UUID, *, by: str, reason: str, at: datetime
) -> int | None:
    """Gives a parked message up, which is recorded, and lets go on what waited behind it.

    Returns how many facts that were, None when no such message waits. The key moves past the message when nothing
    waits before it; numbers that are missing before it are given up with it. A message whose number can't be read
    explains one missing number of its key.
    """
    async with database.transaction() as session:
        row = await parked_messages.one(session, consumer.name, identity)
        if row is None:
            return None
        place = _place(row)
        inbox = StoredInbox(consumer.name)
        standings = await inbox.lock(session, [place] if place else [])
        first = await parked_messages.first_waiting(session, consumer.name, place) if place else None
        if not await parked_messages.mark_discarded(session, identity, by=by, reason=reason, at=at):
            return None
        if place is None:
            return 0
        standing = standings[place]
        if row.sequence is not None and (first == row.sequence or place[0] in consumer.compacted):
            standing.last, standing.last_id = max(standing.last, row.sequence), None
        applied = await release(session, consumer, place, standing)
        await inbox.write(session, standings)
        return applied


async def _release(session: AsyncSession, consumer: Consumer, place: Place) -> int:
    inbox = StoredInbox(consumer.name)
    standings = await inbox.lock(session, [place])
    applied = await release(session, consumer, place, standings[place])
    await inbox.write(session, standings)
    return applied


async def _number(session: AsyncSession, consumer: Consumer, row: Row[Any]) -> Place | None:
    """Reads again what had no key or number, as after an upgrade; returns the key that may go on now."""
    place, reader = _place(row), Reader(consumer)
    rows: Sequence[Row[Any]] = await parked_messages.unnumbered(session, consumer.name, place) if place else [row]
    for unnumbered in rows:
        item = reader.read(parked_messages.stored_record(unnumbered))
        if item.place is None or item.sequence is None:
            await parked_messages.fail_again(session, consumer.name, item)
        else:
            place = item.place
            await parked_messages.amend(session, unnumbered.id, key=item.place[1], sequence=item.sequence)
    return place


async def _by_itself(session: AsyncSession, consumer: Consumer, row: Row[Any], record: Record) -> int:
    """Applies a message whose number is taken, under the lock of its key; the key's last number stays."""
    item, standing = Reader(consumer).read(record), Standing()
    await StoredInbox(consumer.name).lock(session, [item.place] if item.place else [])
    failed = [item]
    if not item.reason:
        standing.enqueue(item)
        failed = await work_queues(session, consumer, [standing], careful=True)
    if failed:
        await parked_messages.fail_again(session, consumer.name, item.because(NUMBER_TAKEN, failed[0].detail))
        return 0
    await parked_messages.remove(session, row.id)
    return 1


async def _once_more(session: AsyncSession, consumer: Consumer, record: Record) -> int:
    """Applies one record of a compacted topic unless something newer has been."""
    item = Reader(consumer).read(record)
    if item.reason or item.place is None or item.sequence is None:
        await parked_messages.fail_again(session, consumer.name, item)
        return 0
    inbox = StoredInbox(consumer.name)
    standings = await inbox.lock(session, [item.place])
    standing = standings[item.place]
    if item.sequence > standing.last:
        standing.enqueue(item)
        failed = await work_queues(session, consumer, [standing], careful=True)
        if failed:
            await parked_messages.fail_again(session, consumer.name, failed[0])
            return 0
        await inbox.write(session, standings)
    await parked_messages.forget(session, consumer.name, item.place, through=item.sequence)
    return 1


async def read_record(bootstrap: str, topic: str, partition: int, offset: int) -> Record | None:
    """Returns the record at that place of the topic, None when it is no longer there."""
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


def _place(row: Row[Any]) -> Place | None:
    return None if row.key is None else (row.topic, row.key)
