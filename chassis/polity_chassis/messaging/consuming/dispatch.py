"""Hands queued facts to their handlers, many of one type at a time and never out of order within a key."""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from polity_contracts.envelope import Fact
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_chassis.database.errors import describe, is_infrastructure
from polity_chassis.messaging.consuming.records import Consumer, Handler, Item, Place

BEHIND = "behind"
FAILED = "failed"
NUMBER_TAKEN = "number_taken"
"""The reason of a message whose number another message of its key has had. It waits for an operator, and nothing waits
for it."""


@dataclass(frozen=True, slots=True)
class Held:
    """What is parked of a key: facts that wait, numbers given up, and whether a discarded record had no number."""

    waiting: bool
    discarded: frozenset[int]
    blank: bool


@dataclass(slots=True)
class Standing:
    """One key while facts are applied: `last` is the number done, `planned` the number done if all goes well.

    `last_id` and `planned_id` are the ids of the messages with these numbers, None where they are not known.
    """

    last: int = 0
    last_id: UUID | None = None
    planned: int = 0
    planned_id: UUID | None = None
    held: Held | None = None
    stuck: bool = False
    queue: deque[Item] = field(default_factory=deque)

    def enqueue(self, item: Item) -> None:
        """Adds what comes next."""
        self.planned, self.planned_id = item.sequence or self.planned, item.message_id
        self.queue.append(item)

    def done(self, item: Item) -> None:
        """Notes that the item was applied or passed over."""
        self.last, self.last_id = item.sequence or self.last, item.message_id

    def is_taken(self, item: Item) -> bool:
        """Returns whether the item's number is the planned one's, which another message has."""
        known = self.planned_id is not None and item.message_id is not None
        return known and item.sequence == self.planned and item.message_id != self.planned_id

    def waits(self) -> bool:
        """Returns whether something of the key is parked already."""
        return self.stuck or (self.held is not None and self.held.waiting)


Standings = dict[Place, Standing]
Taken = tuple[Standing, Item]


async def work_queues(
    session: AsyncSession, consumer: Consumer, standings: Iterable[Standing], *, careful: bool
) -> list[Item]:
    """Empties the queues and moves each `last`; returns what failed and what stood behind it, to be parked.

    Not `careful`, whatever a handler raises goes through. Carefully, each set stands behind a savepoint and is halved
    until the facts that fail for their own sake are alone; errors of the infrastructure still go through.
    """
    parks: list[Item] = []
    fronts: dict[type[Fact], list[Standing]] = {}
    _sort_by_front(fronts, standings)
    while fronts:
        kind, chosen = max(fronts.items(), key=lambda front: len(front[1]))
        del fronts[kind]
        taken = [(standing, item) for standing in chosen for item in _take(standing, kind)]
        handler = consumer.handlers[kind]
        failed = await _attempt(session, handler, taken) if careful else await _all(session, handler, taken)
        parks += _keep(consumer, taken, failed)
        _sort_by_front(fronts, chosen)
    return parks


def _sort_by_front(fronts: dict[type[Fact], list[Standing]], standings: Iterable[Standing]) -> None:
    for standing in standings:
        queue = standing.queue
        while queue and queue[0].received is None:
            standing.done(queue.popleft())
        if queue and (received := queue[0].received):
            fronts.setdefault(type(received.fact), []).append(standing)


def _take(standing: Standing, kind: type[Fact]) -> Iterable[Item]:
    queue = standing.queue
    while queue and (received := queue[0].received) and type(received.fact) is kind:
        yield queue.popleft()


async def _all(session: AsyncSession, handler: Handler, taken: Sequence[Taken]) -> dict[int, Exception]:
    await handler(session, [item.received for _, item in taken if item.received])
    return {}


async def _attempt(session: AsyncSession, handler: Handler, taken: Sequence[Taken]) -> dict[int, Exception]:
    """Returns the errors of the facts that fail alone, by the identity of their item."""
    try:
        async with session.begin_nested():
            return await _all(session, handler, taken)
    except Exception as error:
        if is_infrastructure(error):
            raise
        if len(taken) == 1:
            return {id(taken[0][1]): error}
    half = len(taken) // 2
    failed = await _attempt(session, handler, taken[:half])
    stuck = {id(standing) for standing, item in taken[:half] if id(item) in failed}
    rest = [(standing, item) for standing, item in taken[half:] if id(standing) not in stuck]
    return failed | (await _attempt(session, handler, rest) if rest else {})


def _keep(consumer: Consumer, taken: Sequence[Taken], failed: dict[int, Exception]) -> list[Item]:
    if not failed:
        for standing, item in taken:
            standing.done(item)
        return []
    parks: list[Item] = []
    broken: set[int] = set()
    for standing, item in taken:
        error = failed.get(id(item))
        if error is not None:
            personal = item.record.topic in consumer.compacted
            parks.append(item.because(FAILED, describe(error, personal=personal)))
            broken.add(id(standing))
        elif id(standing) in broken:
            parks.append(item.because(BEHIND))
        else:
            standing.done(item)
    for standing, _ in taken:
        if id(standing) in broken:
            standing.stuck = True
            parks += _park_the_rest(standing)
    return parks


def _park_the_rest(standing: Standing) -> Iterable[Item]:
    while standing.queue:
        yield standing.queue.popleft().because(BEHIND)
