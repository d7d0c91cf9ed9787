"""What a use case needs to answer the same request twice alike while doing it once."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

from polity_chassis.web.idempotency import Key
from sqlmodel.ext.asyncio.session import AsyncSession

Ids = dict[str, Any]
"""What a use case made: ids and small numbers, fit to be kept and told again."""


class Once(Protocol):
    """Runs the action within the transaction, or returns what it returned for the same request before."""

    async def __call__(self, session: AsyncSession, action: Callable[[], Awaitable[Ids]]) -> Ids: ...


class OnceEach(Protocol):
    """Runs the action for the requests that weren't done before, by their places; returns what each comes to."""

    async def __call__(
        self,
        session: AsyncSession,
        keys: Sequence[Key | None],
        action: Callable[[Sequence[int]], Awaitable[Sequence[Ids | Exception]]],
    ) -> Sequence[Ids | Exception]: ...


async def always(session: AsyncSession, action: Callable[[], Awaitable[Ids]]) -> Ids:
    """Runs the action: the caller sent no key to know the request by."""
    return await action()
