"""Applies a batch of records in the caller's transaction: each fact once, in order within its key, as sets.

A fact is next when its number follows the last one of its key (on a compacted topic: when it is above it). What is
older is dropped, what came too early is parked: so one parked fact holds its own key and no other. A record whose
number can't be read parks by its place alone: its number stays missing, and that is what holds its key. A message with
the last number and another id is no repetition: its owner has given the number twice. It is parked and holds nothing.
"""

from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_chassis.messaging.consuming import parked_messages
from polity_chassis.messaging.consuming.dispatch import BEHIND, NUMBER_TAKEN, Standing, Standings, work_queues
from polity_chassis.messaging.consuming.records import Consumer, Item, Place
from polity_chassis.messaging.consuming.resume_parked import release

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
    AS place (key, sequence, message_id)
    ON CONFLICT (consumer, topic, key) DO UPDATE SET sequence = excluded.sequence, message_id = excluded.message_id
 WHERE inbox.sequence < excluded.sequence
""")


class Halted(Exception):
    """An authority consumer met what it can't apply; it goes on when that succeeds or is discarded."""

    def __init__(self, item: Item) -> None:
        record = item.record
        super().__init__(f"{item.reason} at {record.topic}/{record.partition}/{record.offset}")
        self.item = item


class Inbox(Protocol):
    """Where the last number of each key is kept."""

    async def lock(self, session: AsyncSession, places: Collection[Place]) -> Standings:
        """Returns each place's standing, kept from everybody else until the transaction ends."""

    async def write(self, session: AsyncSession, standings: Standings) -> None:
        """Keeps the `last` of each standing."""


async def apply_batch(
    session: AsyncSession, consumer: Consumer, inbox: Inbox, items: Sequence[Item], *, careful: bool
) -> None:
    """Applies the items, which stand in offset order, and writes the inbox and the parked messages.

    Not `careful`, whatever a handler raises goes through: roll back and call again carefully, which parks exactly the
    facts that fail for their own sake. Raises Halted for an authority consumer, and every error of the
    infrastructure.
    """
    standings = await inbox.lock(session, {item.place for item in items if item.place})
    held = await _held(session, consumer, standings)
    parks = _plan(consumer, standings, items)
    if careful:
        # A constraint that is checked at the commit would fail the batch and name no fact.
        await (await session.connection()).execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    parks += await work_queues(session, consumer, standings.values(), careful=careful)
    parks = [item for item in parks if not _replaced(consumer, standings, item)]
    if parks and consumer.authority:
        await _halt(session, consumer, parks)
    advanced = {place: standings[place] for place, last in held.items() if standings[place].last > last}
    await _clear(session, consumer, advanced)
    await parked_messages.put(session, consumer, parks)
    for place in held:
        if place in advanced or standings[place].stuck:
            await release(session, consumer, place, standings[place])
    await inbox.write(session, standings)


def _replaced(consumer: Consumer, standings: Standings, item: Item) -> bool:
    """Returns whether a newer record of a compacted topic has been applied in the same batch."""
    if item.place is None or item.sequence is None or item.place[0] not in consumer.compacted:
        return False
    return standings[item.place].last > item.sequence


async def _held(session: AsyncSession, consumer: Consumer, standings: Standings) -> dict[Place, int]:
    """Returns where the keys stand of which something is parked."""
    held = await parked_messages.holds(session, consumer.name, list(standings))
    for place in held.keys() & standings.keys():
        standings[place].held = held[place]
    return {place: standings[place].last for place in held if place in standings}


class StoredInbox:
    """The inbox in the service's database."""

    def __init__(self, consumer: str) -> None:
        self._consumer = consumer

    async def lock(self, session: AsyncSession, places: Collection[Place]) -> Standings:
        """Returns each place's standing with its row locked, in one order everywhere."""
        standings = {place: Standing() for place in places}
        connection = await session.connection()
        for topic, keys in sorted(_by_topic(places).items()):
            parameters = {"consumer": self._consumer, "topic": topic, "key": keys}
            for key, sequence, message_id in await connection.execute(_LOCK, parameters):
                standings[topic, key] = Standing(sequence, message_id, sequence, message_id)
        return standings

    async def write(self, session: AsyncSession, standings: Standings) -> None:
        """Writes one row per key; a key that has nothing but parked facts gets its row too, to be locked by."""
        connection = await session.connection()
        for topic, keys in sorted(_by_topic(standings).items()):
            lasts = {
                "sequence": [standings[topic, key].last for key in keys],
                "message_id": [standings[topic, key].last_id for key in keys],
            }
            await connection.execute(_WRITE, {"consumer": self._consumer, "topic": topic, "key": keys, **lasts})


def _by_topic(places: Iterable[Place]) -> dict[str, list[str]]:
    keys: dict[str, list[str]] = {}
    for topic, key in places:
        keys.setdefault(topic, []).append(key)
    return keys


def _plan(consumer: Consumer, standings: Standings, items: Sequence[Item]) -> list[Item]:
    """Queues what is next of each key; returns what is to be parked."""
    parks: list[Item] = []
    for item in items:
        if item.place is None or item.sequence is None:
            parks.append(item)
            continue
        standing = standings[item.place]
        if item.sequence <= standing.planned:
            if standing.is_taken(item):
                parks.append(item.because(NUMBER_TAKEN))
            continue
        if item.record.topic in consumer.compacted:
            _plan_newest(standing, item, parks)
        else:
            _plan_next(standing, item, parks)
    return parks


def _plan_newest(standing: Standing, item: Item, parks: list[Item]) -> None:
    """A newer record of a compacted topic replaces whatever came before it."""
    if item.reason:
        parks.append(item)
    else:
        standing.queue = deque()
        standing.enqueue(item)


def _plan_next(standing: Standing, item: Item, parks: list[Item]) -> None:
    sequence = item.sequence or 0
    next_one = sequence == standing.planned + 1
    if standing.held and sequence in standing.held.discarded:
        if next_one or not standing.waits():
            standing.enqueue(Item(item.record, item.place, sequence, item.message_id))
    elif next_one and not item.reason:
        standing.enqueue(item)
    else:
        parks.append(item if item.reason else item.because(BEHIND if standing.waits() else GAP))
        standing.stuck = True


async def _halt(session: AsyncSession, consumer: Consumer, parks: Sequence[Item]) -> None:
    discarded = await parked_messages.discarded_places(session, consumer.name, parks)
    for item in parks:
        if (item.record.topic, item.record.partition, item.record.offset) not in discarded:
            raise Halted(item)


async def _clear(session: AsyncSession, consumer: Consumer, advanced: Mapping[Place, Standing]) -> None:
    """Forgets what waited and is done; of a compacted topic everything, for something newer has come."""
    for place, standing in advanced.items():
        through = None if place[0] in consumer.compacted else standing.last
        await parked_messages.forget(session, consumer.name, place, through=through)
