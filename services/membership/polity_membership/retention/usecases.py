"""ForgetOld: rows that were kept for a time and have served it."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial

from polity_chassis.database.engine import Database
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_membership.answers.domain import KEPT_AFTER_DEADLINE
from polity_membership.answers.queries import forget_overdue_drafts
from polity_membership.erasures.queries import forget_done
from polity_membership.proofs.queries import forget_removed

SLICE = 1000
"""Rows removed in one transaction: nobody waits long for it."""
ERASURES_KEPT = timedelta(days=90)
"""How an erasure went can be asked for so long: thrice as long as a backup may be kept."""


async def forget_old(database: Database, now: datetime) -> int:
    """Returns how many saved forms, removed proofs and erasures that are done were forgotten, slice by slice."""
    steps: tuple[Callable[[AsyncSession], Awaitable[int]], ...] = (
        partial(forget_overdue_drafts, before=now - KEPT_AFTER_DEADLINE, most=SLICE),
        partial(forget_removed, kept=ERASURES_KEPT, most=SLICE),
        partial(forget_done, kept=ERASURES_KEPT, most=SLICE),
    )
    total = 0
    for step in steps:
        forgotten = SLICE
        while forgotten >= SLICE:
            async with database.transaction() as session:
                forgotten = await step(session)
            total += forgotten
    return total
