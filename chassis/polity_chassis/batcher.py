"""Runs many callers' commands in few transactions: while one batch runs, the next one gathers.

Without it, callers that need the same row would queue for its lock, each with a connection and a commit of its own.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Sequence
from contextvars import Context, copy_context
from typing import Generic, NamedTuple, TypeVar

from polity_chassis.database.errors import is_infrastructure, is_locked

C = TypeVar("C")
R = TypeVar("R")

LARGEST_BATCH = 100
QUEUES_AT_ONCE = 2
"""How many queues may have a transaction that waits for a lock: a few of the pool's connections."""
PATIENCE_SECONDS = 20
"""How long a command waits for a lock that another transaction holds before the lock's error is raised."""
QUIET_ITERATIONS = 6
"""Iterations of the event loop without a new command after which a batch is closed; such a one takes microseconds."""


class _Waiting(NamedTuple, Generic[C, R]):
    command: C
    result: "asyncio.Future[R]"
    context: Context
    until: float


class Batcher(Generic[C, R]):
    """Passes the waiting commands to `act` in one call, which returns a result or an exception for each.

    Two commands with the same `key_of` are never in one batch. If `act` raises because a lock could not be had, or
    because of one of the commands, the commands of the batch are tried again one by one, beside the next batches. They
    wait in queues, one for each value of `queues_of` (what they need the lock of), and at most QUEUES_AT_ONCE queues
    try at a time: however many locks are held, the other connections stay free. After PATIENCE_SECONDS the lock's error
    is raised. If `act` raises for want of the database, every caller of the batch gets that error.
    """

    def __init__(
        self,
        act: Callable[[Sequence[C]], Awaitable[Sequence[R | Exception]]],
        key_of: Callable[[C], Hashable],
        queues_of: Callable[[Sequence[C]], Awaitable[Sequence[Hashable]]],
    ) -> None:
        self._act, self._key_of, self._queues_of = act, key_of, queues_of
        self._waiting: list[_Waiting[C, R]] = []
        self._running: asyncio.Task[None] | None = None
        self._queues: dict[Hashable, deque[_Waiting[C, R]]] = {}
        self._running_queues: set[asyncio.Task[None]] = set()
        self._slots = asyncio.Semaphore(QUEUES_AT_ONCE)

    async def run(self, command: C) -> R:
        """Returns the command's result once its transaction has committed, or raises its exception."""
        loop = asyncio.get_running_loop()
        result: asyncio.Future[R] = loop.create_future()
        self._waiting.append(_Waiting(command, result, copy_context(), loop.time() + PATIENCE_SECONDS))
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._run_batches())
        return await result

    async def _run_batches(self) -> None:
        while self._waiting:
            await self._gather()
            batch = self._next_batch()
            # Its statements belong to the trace of its first caller.
            await asyncio.create_task(self._run_batch(batch), context=batch[0].context)

    async def _gather(self) -> None:
        """Waits until no further request is being read, or the batch is full.

        Otherwise the first caller to return after a large batch would get a batch of its own.
        """
        came = quiet = 0
        while quiet < QUIET_ITERATIONS and len(self._waiting) < LARGEST_BATCH:
            await asyncio.sleep(0)
            quiet = quiet + 1 if len(self._waiting) == came else 0
            came = len(self._waiting)

    def _next_batch(self) -> list[_Waiting[C, R]]:
        batch: dict[Hashable, _Waiting[C, R]] = {}
        later: list[_Waiting[C, R]] = []
        for one in self._waiting:
            key = self._key_of(one.command)
            if key in batch or len(batch) >= LARGEST_BATCH:
                later.append(one)
            else:
                batch[key] = one
        self._waiting = later
        return list(batch.values())

    async def _run_batch(self, batch: list[_Waiting[C, R]]) -> None:
        try:
            outcomes = await self._act([one.command for one in batch])
        except Exception as error:
            if is_locked(error) or (len(batch) > 1 and not is_infrastructure(error)):
                await self._enqueue(batch)
                return
            outcomes = [error] * len(batch)
        _set_results(batch, outcomes)

    async def _enqueue(self, batch: list[_Waiting[C, R]]) -> None:
        try:
            queues = await self._queues_of([one.command for one in batch])
        except Exception as error:
            _set_results(batch, [error] * len(batch))
            return
        for one, queue in zip(batch, queues, strict=True):
            if queue in self._queues:
                self._queues[queue].append(one)
                continue
            self._queues[queue] = deque([one])
            task = asyncio.create_task(self._run_queue(queue))
            self._running_queues.add(task)
            task.add_done_callback(self._running_queues.discard)

    async def _run_queue(self, queue: Hashable) -> None:
        waiting = self._queues[queue]
        while waiting:
            one = waiting[0]
            async with self._slots:
                locked = await asyncio.create_task(self._run_alone(one), context=one.context)
            if locked is None:
                waiting.popleft()
                continue
            while waiting and waiting[0].until <= asyncio.get_running_loop().time():
                _set_results([waiting.popleft()], [locked])
        del self._queues[queue]

    async def _run_alone(self, one: _Waiting[C, R]) -> Exception | None:
        """Runs the command and sets its result; returns the error instead if the lock could not be had."""
        try:
            outcomes = await self._act([one.command])
        except Exception as error:
            if is_locked(error):
                return error
            outcomes = [error]
        _set_results([one], outcomes)
        return None


def _set_results(batch: Sequence[_Waiting[C, R]], outcomes: Sequence[R | Exception]) -> None:
    for one, outcome in zip(batch, outcomes, strict=True):
        if one.result.done():  # its caller hung up
            continue
        if isinstance(outcome, Exception):
            one.result.set_exception(outcome)
        else:
            one.result.set_result(outcome)
