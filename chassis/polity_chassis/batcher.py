"""Does in few transactions what many callers ask at once: while one batch is under way, the next one gathers.

Callers on one campaign would otherwise queue up at its row, each with a connection and a commit of its own.
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
LINES_AT_ONCE = 2
"""How many lines may have a transaction that waits for a lock: a few of the connections."""
PATIENCE_SECONDS = 20
"""How long a command may wait for a lock that somebody holds; its caller then hears that it may come again."""
QUIET_TURNS = 6
"""Turns of the event loop: in one a request is read, in the next it asks; a turn without work takes microseconds."""


class _Waiting(NamedTuple, Generic[C, R]):
    command: C
    answer: "asyncio.Future[R]"
    context: Context
    until: float


class Together(Generic[C, R]):
    """Hands the commands that wait to `act`, all in one, which returns a result or a refusal of each.

    Two commands that are `about` the same are never in one batch. A batch that fails for another reason than the
    machinery's, or for a lock that it can't have soon, is done again one by one beside the next batches: each caller
    has an answer of its own, and only those wait who need that lock. They wait in `lines`, one behind the other, and
    the lines take turns to try: however many locks are held, and however many need them, LINES_AT_ONCE transactions
    wait for them and leave the other connections to the others. After PATIENCE_SECONDS the lock's error is raised.
    """

    def __init__(
        self,
        act: Callable[[Sequence[C]], Awaitable[Sequence[R | Exception]]],
        about: Callable[[C], Hashable],
        lines: Callable[[Sequence[C]], Awaitable[Sequence[Hashable]]],
    ) -> None:
        self._act, self._about, self._lines = act, about, lines
        self._waiting: list[_Waiting[C, R]] = []
        self._working: asyncio.Task[None] | None = None
        self._apart: dict[Hashable, deque[_Waiting[C, R]]] = {}
        self._working_apart: set[asyncio.Task[None]] = set()
        self._turns = asyncio.Semaphore(LINES_AT_ONCE)

    async def do(self, command: C) -> R:
        """Returns what came of the command once its transaction has committed, or raises why it was refused."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[R] = loop.create_future()
        self._waiting.append(_Waiting(command, answer, copy_context(), loop.time() + PATIENCE_SECONDS))
        if self._working is None or self._working.done():
            self._working = asyncio.create_task(self._work())
        return await answer

    async def _work(self) -> None:
        while self._waiting:
            await self._gather()
            batch = self._next_batch()
            # Its statements belong to the trace of its first caller.
            await asyncio.create_task(self._settle(batch), context=batch[0].context)

    async def _gather(self) -> None:
        """Lets those come in who are on their way, and waits for nobody else: a statement costs the same for many.

        Else the first to come back after a large batch would have one of its own, before the others are read.
        """
        came = quiet = 0
        while quiet < QUIET_TURNS and len(self._waiting) < LARGEST_BATCH:
            await asyncio.sleep(0)
            quiet = quiet + 1 if len(self._waiting) == came else 0
            came = len(self._waiting)

    def _next_batch(self) -> list[_Waiting[C, R]]:
        batch: dict[Hashable, _Waiting[C, R]] = {}
        later: list[_Waiting[C, R]] = []
        for one in self._waiting:
            about = self._about(one.command)
            if about in batch or len(batch) >= LARGEST_BATCH:
                later.append(one)
            else:
                batch[about] = one
        self._waiting = later
        return list(batch.values())

    async def _settle(self, batch: list[_Waiting[C, R]]) -> None:
        try:
            outcomes = await self._act([one.command for one in batch])
        except Exception as error:
            if is_locked(error) or (len(batch) > 1 and not is_infrastructure(error)):
                await self._set_apart(batch)
                return
            outcomes = [error] * len(batch)
        _answer(batch, outcomes)

    async def _set_apart(self, batch: list[_Waiting[C, R]]) -> None:
        try:
            lines = await self._lines([one.command for one in batch])
        except Exception as error:
            _answer(batch, [error] * len(batch))
            return
        for one, line in zip(batch, lines, strict=True):
            if line in self._apart:
                self._apart[line].append(one)
                continue
            self._apart[line] = deque([one])
            task = asyncio.create_task(self._work_apart(line))
            self._working_apart.add(task)
            task.add_done_callback(self._working_apart.discard)

    async def _work_apart(self, line: Hashable) -> None:
        waiting = self._apart[line]
        while waiting:
            one = waiting[0]
            async with self._turns:
                locked = await asyncio.create_task(self._settle_apart(one), context=one.context)
            if locked is None:
                waiting.popleft()
                continue
            while waiting and waiting[0].until <= asyncio.get_running_loop().time():
                _answer([waiting.popleft()], [locked])
        del self._apart[line]

    async def _settle_apart(self, one: _Waiting[C, R]) -> Exception | None:
        """Answers the one; returns the error instead where it can't have its lock yet."""
        try:
            outcomes = await self._act([one.command])
        except Exception as error:
            if is_locked(error):
                return error
            outcomes = [error]
        _answer([one], outcomes)
        return None


def _answer(batch: Sequence[_Waiting[C, R]], outcomes: Sequence[R | Exception]) -> None:
    for one, outcome in zip(batch, outcomes, strict=True):
        if one.answer.done():  # its caller hung up
            continue
        if isinstance(outcome, Exception):
            one.answer.set_exception(outcome)
        else:
            one.answer.set_result(outcome)
