"""What the worker does once an hour."""

import asyncio
import logging

from polity_chassis.database.errors import describe
from polity_chassis.runtime import Runtime

from polity_notifications.usecases.forget_old import forget_old

EVERY_SECONDS = 3600

log = logging.getLogger(__name__)


async def keep_up(runtime: Runtime) -> None:
    """Forgets what is old until cancelled; a failure waits for the next hour."""
    while True:
        try:
            if forgotten := await forget_old(runtime.database):
                log.info("rows that served their time are forgotten", extra={"rows": forgotten})
        except Exception as error:
            log.warning("what is old could not be removed: %s", describe(error, personal=True))
        await asyncio.sleep(EVERY_SECONDS)
