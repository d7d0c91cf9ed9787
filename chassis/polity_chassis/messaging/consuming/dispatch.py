"""Dispatches queued facts to their handlers, many of one type at a time and never out of order within a key."""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from polity_contracts.envelope import Fact
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_chassis.database.errors import describe, is_infrastructure
from polity_chassis.messaging.consuming.records import Consumer, DecodedRecord, Handler, TopicKey

BEHIND = "behind"
FAILED = "failed"
NUMBER_TAKEN = "number_taken"
"""The reason of a message whose number another message of its key has had: it waits for an operator, and nothing
waits for it."""


@dataclass(frozen=True, slots=True)
class ParkedState:
    """What is parked of a key: whether facts wait, which numbers were discarded, whether a discarded one had none."""

    waiting: bool
    discarded: frozenset[int]
    blank: bool


@dataclass(slots=True)
class KeyState:
    """One key while facts are applied: `last` is the last number applied, `planned` the last one queued.

    `last_id` and `planned_id` are the ids of the messages with these numbers, None where they are not known. `blocked`
    says that a fact of this batch was parked, so that the later ones are parked behind it.
    """

    last: int = 0
    last_id: UUID | None = None
    planned: int = 0
    planned_id: UUID | None = None
    parked: ParkedState | None = None
    blocked: bool = False
    queue: deque[DecodedRecord] = field(default_factory=deque)

    def enqueue(self, item: DecodedRecord) -> None:
        """Adds the next fact to the queue."""
        self.planned, self.planned_id = item.sequence or self.planned, item.message_id
        self.queue.append(item)

    def done(self, item: DecodedRecord) -> None:
        """Records that the item was applied or passed over."""
        self.last, self.last_id = item.sequence or self.last, item.message_id

    def number_is_taken(self, item: DecodedRecord) -> bool:
        """Returns whether another message was planned with the item's number."""
        known = self.planned_id is not None and item.message_id is not None
        return known and item.sequence == self.planned and item.message_id != self.planned_id

    def has_parked(self) -> bool:
        """Returns whether something of the key is parked already."""
        return self.blocked or (self.parked is not None and self.parked.waiting)


KeyStates = dict[TopicKey, KeyState]
Taken = tuple[KeyState, DecodedRecord]


async def dispatch_queues(
    session: AsyncSession, consumer: Consumer, states: Iterable[KeyState], *, isolate_failures: bool
) -> list[DecodedRecord]:
    """Empties the queues and advances each `last`; returns what failed and what was behind it, to be parked.

    Without `isolate_failures`, an error of a handler is raised. With it, each set of facts is applied under a savepoint
    and halved until those that fail by themselves are alone; errors of the infrastructure are still raised.
    """
    parks: list[DecodedRecord] = []
    fronts: dict[type[Fact], list[KeyState]] = {}
    _sort_by_front(fronts, states)
    while fronts:
        kind, chosen = max(fronts.items(), key=lambda front: len(front[1]))
        del fronts[kind]
        taken = [(state, item) for state in chosen for item in _take(state, kind)]
        handler = consumer.handlers[kind]
        failed = await _isolate(session, handler, taken) if isolate_failures else await _handle(session, handler, taken)
        parks += _record_outcome(consumer, taken, failed)
        _sort_by_front(fronts, chosen)
    return parks


def _sort_by_front(fronts: dict[type[Fact], list[KeyState]], states: Iterable[KeyState]) -> None:
    for state in states:
        queue = state.queue
        while queue and queue[0].received is None:
            state.done(queue.popleft())
        if queue and (received := queue[0].received):
            fronts.setdefault(type(received.fact), []).append(state)


def _take(state: KeyState, kind: type[Fact]) -> Iterable[DecodedRecord]:
    queue = state.queue
    while queue and (received := queue[0].received) and type(received.fact) is kind:
        yield queue.popleft()


async def _handle(session: AsyncSession, handler: Handler, taken: Sequence[Taken]) -> dict[int, Exception]:
    await handler(session, [item.received for _, item in taken if item.received])
    return {}


async def _isolate(session: AsyncSession, handler: Handler, taken: Sequence[Taken]) -> dict[int, Exception]:
    """Returns the errors of the facts that fail by themselves, by the `id()` of their item."""
    try:
        async with session.begin_nested():
            return await _handle(session, handler, taken)
    except Exception as error:
        if is_infrastructure(error):
            raise
        if len(taken) == 1:
            return {id(taken[0][1]): error}
    half = len(taken) // 2
    failed = await _isolate(session, handler, taken[:half])
    blocked = {id(state) for state, item in taken[:half] if id(item) in failed}
    rest = [(state, item) for state, item in taken[half:] if id(state) not in blocked]
    return failed | (await _isolate(session, handler, rest) if rest else {})


def _record_outcome(consumer: Consumer, taken: Sequence[Taken], failed: dict[int, Exception]) -> list[DecodedRecord]:
    if not failed:
        for state, item in taken:
            state.done(item)
        return []
    parks: list[DecodedRecord] = []
    broken: set[int] = set()
    for state, item in taken:
        error = failed.get(id(item))
        if error is not None:
            personal = item.record.topic in consumer.compacted
            parks.append(item.with_reason(FAILED, describe(error, personal=personal)))
            broken.add(id(state))
        elif id(state) in broken:
            parks.append(item.with_reason(BEHIND))
        else:
            state.done(item)
    for state, _ in taken:
        if id(state) in broken:
            state.blocked = True
            parks += _park_the_rest(state)
    return parks


def _park_the_rest(state: KeyState) -> Iterable[DecodedRecord]:
    while state.queue:
        yield state.queue.popleft().with_reason(BEHIND)
