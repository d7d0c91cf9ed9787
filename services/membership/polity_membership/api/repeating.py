"""Joins the request's Idempotency-Key to a use case."""

from collections.abc import Awaitable, Callable, Sequence

from polity_chassis.web import idempotency
from polity_chassis.web.idempotency import Key, Outcome, once
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_membership.database.repeatable import Ids, Once


def once_by(key: Key | None, status: int = 201) -> Once:
    """Returns the way a use case does the request once; without a key it does it each time."""

    async def run(session: AsyncSession, action: Callable[[], Awaitable[Ids]]) -> Ids:
        async def act() -> Outcome:
            return Outcome(status, await action())

        return (await once(session, key, act)).ids

    return run


async def create_each_once(
    session: AsyncSession,
    keys: Sequence[Key | None],
    action: Callable[[Sequence[int]], Awaitable[Sequence[Ids | Exception]]],
) -> Sequence[Ids | Exception]:
    """Does each of many requests once in one transaction; see `idempotency.once_each`."""

    async def act(places: Sequence[int]) -> Sequence[Outcome | Exception]:
        return [each if isinstance(each, Exception) else Outcome(201, each) for each in await action(places)]

    outcomes = await idempotency.once_each(session, keys, act)
    return [each if isinstance(each, Exception) else each.ids for each in outcomes]
