"""Applies what waited behind a parked fact, as far as the order of its key allows."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_chassis.messaging.consuming import parked_messages
from polity_chassis.messaging.consuming.dispatch import BEHIND, KeyState, dispatch_queues
from polity_chassis.messaging.consuming.records import Consumer, DecodedRecord, RecordDecoder, TopicKey

AT_ONCE = 500


async def resume_parked(session: AsyncSession, consumer: Consumer, topic_key: TopicKey, state: KeyState) -> int:
    """Applies the key's parked facts in order until none is next or one fails again; returns how many.

    The caller holds the lock of the key's inbox row and writes the row afterwards.
    """
    if topic_key[0] in consumer.compacted:
        return 0
    applied, decoder = 0, RecordDecoder(consumer)
    while True:
        rows = await parked_messages.waiting(session, consumer.name, topic_key, above=state.last, limit=AT_ONCE)
        before, item = state.last, _queue(decoder, state, rows)
        failed = await dispatch_queues(session, consumer, [state], isolate_failures=True)
        await parked_messages.forget(session, consumer.name, topic_key, through=state.last)
        applied += state.last - before
        item = next((fact for fact in failed if fact.reason != BEHIND), item)
        if item:
            await parked_messages.fail_again(session, consumer.name, item)
            return applied
        if state.last == before and not await _skip_unreadable(session, consumer, topic_key, state, rows):
            return applied


def _queue(decoder: RecordDecoder, state: KeyState, rows: Sequence[Row[Any]]) -> DecodedRecord | None:
    """Queues the rows that follow without a gap; returns the one that can't be decoded, if that is where they end."""
    state.planned, state.planned_id = state.last, state.last_id
    for row in rows:
        if row.sequence == state.planned:
            continue
        if row.sequence != state.planned + 1:
            break
        record = parked_messages.stored_record(row)
        if row.discarded_at is not None:
            state.enqueue(DecodedRecord(record, (row.topic, row.key), row.sequence))
            continue
        item = decoder.decode(record)
        if item.reason:
            return item
        state.enqueue(item)
    return None


async def _skip_unreadable(
    session: AsyncSession, consumer: Consumer, topic_key: TopicKey, state: KeyState, rows: Sequence[Row[Any]]
) -> bool:
    """Passes over one missing number if a discarded record whose number nobody could read accounts for it."""
    if not rows or rows[0].sequence <= state.last + 1:
        return False
    if not await parked_messages.assign_number(session, consumer.name, topic_key, state.last + 1):
        return False
    state.last, state.last_id = state.last + 1, None
    return True
