"""One lane per endpoint: a few posts at a time go along it, and what waits on one lane holds up no other."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from uuid import UUID

from polity_notifications.storage.webhooks.queue import Post


@dataclass(slots=True)
class _Lane:
    waiting: deque[Post] = field(default_factory=deque)
    going: int = 0


class Lanes:
    """Sends posts by `send`, of one endpoint `width` at a time; a post is in hand until it was sent."""

    def __init__(self, width: int, send: Callable[[Post], Awaitable[None]]) -> None:
        self._width, self._send = width, send
        self._lanes: dict[UUID, _Lane] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def __bool__(self) -> bool:
        """Whether anything is in hand."""
        return bool(self._lanes)

    def add(self, posts: Iterable[Post]) -> None:
        """Takes the posts in hand, each behind those of its endpoint."""
        for post in posts:
            lane = self._lanes.setdefault(post.webhook_id, _Lane())
            lane.waiting.append(post)
            if lane.going < self._width:
                lane.going += 1
                task = asyncio.create_task(self._go(post.webhook_id, lane))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    def clear(self) -> list[Post]:
        """Lets go of what is not yet being sent, and returns it."""
        left = [post for lane in self._lanes.values() for post in lane.waiting]
        for lane in self._lanes.values():
            lane.waiting.clear()
        return left

    async def stop(self, seconds: float) -> None:
        """Waits for what is being sent, and cancels what takes longer."""
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=seconds)
            for task in late:
                task.cancel()

    async def _go(self, webhook_id: UUID, lane: _Lane) -> None:
        try:
            while lane.waiting:
                await self._send(lane.waiting.popleft())
        finally:
            lane.going -= 1
            if not lane.going:
                self._lanes.pop(webhook_id, None)
