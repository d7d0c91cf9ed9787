"""What membership's worker does beside requests."""

import asyncio
import logging
from datetime import timedelta

from polity_chassis.runtime import Runtime
from sqlalchemy.exc import SQLAlchemyError

from polity_membership.settings import MembershipSettings
from polity_membership.usecases import mark_people_partitions

PAUSE_SECONDS = 10

log = logging.getLogger(__name__)


async def keep_people_compacting(runtime: Runtime) -> None:
    """Marks the people partitions whenever a marker is due; runs until cancelled, with or without a database."""
    assert isinstance(runtime.settings, MembershipSettings)
    lag = timedelta(seconds=runtime.settings.people_marker_after_seconds)
    while True:
        try:
            if await mark_people_partitions(runtime.database, runtime.clock(), lag):
                log.info("marked the people partitions")
        except (SQLAlchemyError, OSError) as error:
            log.warning("the people partitions could not be marked", extra={"error": type(error).__name__})
        await asyncio.sleep(PAUSE_SECONDS)
