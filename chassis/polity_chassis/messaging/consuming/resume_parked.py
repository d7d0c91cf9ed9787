"""Lets go on what waited behind a parked fact, as far as its key's order allows."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_chassis.messaging.consuming import parked_messages
from polity_chassis.messaging.consuming.dispatch import BEHIND, Standing, work_queues
from polity_chassis.messaging.consuming.records import Consumer, Item, Place, Reader

AT_ONCE = 500


async def release(session: AsyncSession, consumer: Consumer, place: Place, standing: Standing) -> int:
    """Applies the key's parked facts in their order until none is next or one fails again; returns how many.

    The caller holds the lock of the key's inbox row and writes it afterwards.
    """
    if place[0] in consumer.compacted:
        return 0
    applied, reader = 0, Reader(consumer)
    while True:
        rows = await parked_messages.waiting(session, consumer.name, place, above=standing.last, limit=AT_ONCE)
        before, item = standing.last, _queue(reader, standing, rows)
        failed = await work_queues(session, consumer, [standing], careful=True)
        await parked_messages.forget(session, consumer.name, place, through=standing.last)
        applied += standing.last - before
        item = next((fact for fact in failed if fact.reason != BEHIND), item)
        if item:
            await parked_messages.fail_again(session, consumer.name, item)
            return applied
        if standing.last == before and not await _fill(session, consumer, place, standing, rows):
            return applied


def _queue(reader: Reader, standing: Standing, rows: Sequence[Row[Any]]) -> Item | None:
    """Queues the rows that follow without a gap; returns the one that can't be read and so ends them."""
    standing.planned, standing.planned_id = standing.last, standing.last_id
    for row in rows:
        if row.sequence == standing.planned:
            continue
        if row.sequence != standing.planned + 1:
            break
        record = parked_messages.stored_record(row)
        if row.discarded_at is not None:
            standing.enqueue(Item(record, (row.topic, row.key), row.sequence))
            continue
        item = reader.read(record)
        if item.reason:
            return item
        standing.enqueue(item)
    return None


async def _fill(
    session: AsyncSession, consumer: Consumer, place: Place, standing: Standing, rows: Sequence[Row[Any]]
) -> bool:
    """Passes over one missing number when a record that was discarded, whose number nobody could read, explains it."""
    if not rows or rows[0].sequence <= standing.last + 1:
        return False
    if not await parked_messages.give_number(session, consumer.name, place, standing.last + 1):
        return False
    standing.last, standing.last_id = standing.last + 1, None
    return True
