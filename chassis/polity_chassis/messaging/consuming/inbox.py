"""Applies a batch of records in the caller's transaction: each fact once, in the order of its key, many at a time.

A fact is next when its number follows the last one of its key (on a compacted topic: when it is above it). What is
older is dropped, what came too early is parked: so one parked fact blocks its own key and no other. A record whose
number can't be read is parked by its offset alone: its number stays missing, and that is what blocks its key. A message
with the last number and another id is no repetition: its owner has given the number twice. It is parked and blocks
nothing.
"""

from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_chassis.messaging.consuming import parked_messages
from polity_chassis.messaging.consuming.dispatch import BEHIND, NUMBER_TAKEN, KeyState, KeyStates, dispatch_queues
from polity_chassis.messaging.consuming.records import Consumer, DecodedRecord, TopicKey
from polity_chassis.messaging.consuming.resume_parked import resume_parked

GAP = "gap"

_LOCK = text("""
SELECT key, sequence, message_id FROM inbox
 WHERE consumer = :consumer AND topic = :topic AND key = ANY(CAST(:key AS text[]))
 ORDER BY key
   FOR NO KEY UPDATE
""")
_WRITE = text("""
INSERT INTO inbox (consumer, topic, key, sequence, message_id)
SELECT :consumer, :topic, key, sequence, message_id
  FROM unnest(CAST(:key AS text[]), CAST(:sequence AS bigint[]), CAST(:message_id AS uuid[]))
    AS last (key, sequence, message_id)
    ON CONFLICT (consumer, topic, key) DO UPDATE SET sequence = excluded.sequence, message_id = excluded.message_id
 WHERE inbox.sequence < excluded.sequence
""")


class Halted(Exception):
    """An authority consumer met a fact that it can't apply; it continues once that succeeds or is discarded."""

    def __init__(self, item: DecodedRecord) -> None:
        record = item.record
        super().__init__(f"{item.reason} at {record.topic}/{record.partition}/{record.offset}")
        self.item = item


class Inbox(Protocol):
    """Where the last number of each key is kept."""

    async def lock(self, session: AsyncSession, topic_keys: Collection[TopicKey]) -> KeyStates:
        """Returns the state of each key, locked until the transaction ends."""

    async def write(self, session: AsyncSession, states: KeyStates) -> None:
        """Stores the `last` of each state."""


async def apply_batch(
    session: AsyncSession, consumer: Consumer, inbox: Inbox, items: Sequence[DecodedRecord], *, isolate_failures: bool
) -> None:
    """Applies the items, which are in offset order, and writes the inbox and the parked messages.

    Without `isolate_failures`, an error of a handler is raised: roll back and call again with it, which parks exactly
    the facts that fail by themselves. Raises Halted for an authority consumer, and every error of the infrastructure.
    """
    states = await inbox.lock(session, {item.topic_key for item in items if item.topic_key})
    blocked = await _blocked(session, consumer, states)
    parks = _plan(consumer, states, items)
    if isolate_failures:
        # A constraint checked at the commit would fail the whole batch without naming a fact.
        await (await session.connection()).execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    parks += await dispatch_queues(session, consumer, states.values(), isolate_failures=isolate_failures)
    parks = [item for item in parks if not _replaced(consumer, states, item)]
    if parks and consumer.authority:
        await _halt(session, consumer, parks)
    advanced = {topic_key: states[topic_key] for topic_key, last in blocked.items() if states[topic_key].last > last}
    await _clear(session, consumer, advanced)
    await parked_messages.park(session, consumer, parks)
    for topic_key in blocked:
        if topic_key in advanced or states[topic_key].blocked:
            await resume_parked(session, consumer, topic_key, states[topic_key])
    await inbox.write(session, states)


def _replaced(consumer: Consumer, states: KeyStates, item: DecodedRecord) -> bool:
    """Returns whether a newer record of a compacted topic has been applied in the same batch."""
    if item.topic_key is None or item.sequence is None or item.topic_key[0] not in consumer.compacted:
        return False
    return states[item.topic_key].last > item.sequence


async def _blocked(session: AsyncSession, consumer: Consumer, states: KeyStates) -> dict[TopicKey, int]:
    """Returns the last number of each key of which something is parked."""
    parked = await parked_messages.parked_states(session, consumer.name, list(states))
    for topic_key in parked.keys() & states.keys():
        states[topic_key].parked = parked[topic_key]
    return {topic_key: states[topic_key].last for topic_key in parked if topic_key in states}


class StoredInbox:
    """The inbox in the service's database."""

    def __init__(self, consumer: str) -> None:
        self._consumer = consumer

    async def lock(self, session: AsyncSession, topic_keys: Collection[TopicKey]) -> KeyStates:
        """Returns the state of each key, its row locked, in one order everywhere."""
        states = {topic_key: KeyState() for topic_key in topic_keys}
        connection = await session.connection()
        for topic, keys in sorted(_by_topic(topic_keys).items()):
            parameters = {"consumer": self._consumer, "topic": topic, "key": keys}
            for key, sequence, message_id in await connection.execute(_LOCK, parameters):
                states[topic, key] = KeyState(sequence, message_id, sequence, message_id)
        return states

    async def write(self, session: AsyncSession, states: KeyStates) -> None:
        """Writes one row per key; a key with nothing but parked facts gets a row too, for others to lock."""
        connection = await session.connection()
        for topic, keys in sorted(_by_topic(states).items()):
            lasts = {
                "sequence": [states[topic, key].last for key in keys],
                "message_id": [states[topic, key].last_id for key in keys],
            }
            await connection.execute(_WRITE, {"consumer": self._consumer, "topic": topic, "key": keys, **lasts})


def _by_topic(topic_keys: Iterable[TopicKey]) -> dict[str, list[str]]:
    keys: dict[str, list[str]] = {}
    for topic, key in topic_keys:
        keys.setdefault(topic, []).append(key)
    return keys


def _plan(consumer: Consumer, states: KeyStates, items: Sequence[DecodedRecord]) -> list[DecodedRecord]:
    """Queues the next facts of each key; returns what is to be parked."""
    parks: list[DecodedRecord] = []
    for item in items:
        if item.topic_key is None or item.sequence is None:
            parks.append(item)
            continue
        state = states[item.topic_key]
        if item.sequence <= state.planned:
            if state.number_is_taken(item):
                parks.append(item.with_reason(NUMBER_TAKEN))
            continue
        if item.record.topic in consumer.compacted:
            _plan_newest(state, item, parks)
        else:
            _plan_next(state, item, parks)
    return parks


def _plan_newest(state: KeyState, item: DecodedRecord, parks: list[DecodedRecord]) -> None:
    """A newer record of a compacted topic replaces whatever came before it."""
    if item.reason:
        parks.append(item)
    else:
        state.queue = deque()
        state.enqueue(item)


def _plan_next(state: KeyState, item: DecodedRecord, parks: list[DecodedRecord]) -> None:
    sequence = item.sequence or 0
    next_one = sequence == state.planned + 1
    if state.parked and sequence in state.parked.discarded:
        if next_one or not state.has_parked():
            state.enqueue(DecodedRecord(item.record, item.topic_key, sequence, item.message_id))
    elif next_one and not item.reason:
        state.enqueue(item)
    else:
        parks.append(item if item.reason else item.with_reason(BEHIND if state.has_parked() else GAP))
        state.blocked = True


async def _halt(session: AsyncSession, consumer: Consumer, parks: Sequence[DecodedRecord]) -> None:
    discarded = await parked_messages.discarded_offsets(session, consumer.name, parks)
    for item in parks:
        if (item.record.topic, item.record.partition, item.record.offset) not in discarded:
            raise Halted(item)


async def _clear(session: AsyncSession, consumer: Consumer, advanced: Mapping[TopicKey, KeyState]) -> None:
    """Deletes the parked messages that are applied by now; of a compacted topic all, since something newer was."""
    for topic_key, state in advanced.items():
        through = None if topic_key[0] in consumer.compacted else state.last
        await parked_messages.forget(session, consumer.name, topic_key, through=through)
