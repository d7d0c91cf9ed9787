"""Joins the request's Idempotency-Key to a use case."""

from collections.abc import Awaitable, Callable

from polity_chassis.idempotency import Key, Outcome, once
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_membership.usecases.repeatable import Ids, Once


def once_by(key: Key | None, status: int = 201) -> Once:
    """Returns the way a use case does the request once; without a key it does it each time."""

    async def run(session: AsyncSession, action: Callable[[], Awaitable[Ids]]) -> Ids:
        async def act() -> Outcome:
            return Outcome(status, await action())

        return (await once(session, key, act)).ids

    return run
