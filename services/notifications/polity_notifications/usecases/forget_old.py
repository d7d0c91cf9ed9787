"""ForgetOld: rows that were kept for a time and have served it."""

from datetime import timedelta

from polity_chassis.database.engine import Database

from polity_notifications.domain.webhooks import KEPT
from polity_notifications.storage import old

SLICE = 1000
"""Rows removed in one transaction: nobody waits long for it."""
A_DAY_LONGER = KEPT + timedelta(days=1)
"""A fact that is asked for in the last moment is still there for the delivery that it becomes."""


async def forget_old(database: Database) -> int:
    """Returns how many deliveries and facts for partners, and attempts of mails, were forgotten, slice by slice."""
    steps = (
        (old.forget_webhook_deliveries, KEPT),
        (old.forget_webhook_messages, A_DAY_LONGER),
        (old.forget_mail_attempts, KEPT),
    )
    total = 0
    for forget, kept in steps:
        forgotten = SLICE
        while forgotten >= SLICE:
            async with database.transaction() as session:
                forgotten = await forget(session, kept, SLICE)
            total += forgotten
    return total
