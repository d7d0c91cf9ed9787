"""What membership's worker does beside requests."""

import asyncio
import logging
from datetime import timedelta

from aiokafka.errors import KafkaError
from polity_chassis.runtime import Runtime
from sqlalchemy.exc import SQLAlchemyError

from polity_membership.consumers.own_people import OwnPeople
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


async def keep_people_current(runtime: Runtime) -> None:
    """Publishes whoever is behind in Kafka again; runs until cancelled, with or without a broker."""
    people = OwnPeople(runtime.database, runtime.settings.kafka_bootstrap, runtime.clock)
    while True:
        try:
            await people.follow()
        except (KafkaError, SQLAlchemyError, OSError) as error:
            log.warning("the people topic could not be read", extra={"error": type(error).__name__})
        await asyncio.sleep(PAUSE_SECONDS)
