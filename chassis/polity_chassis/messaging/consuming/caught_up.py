"""Whether a consumer stands at the end of its topics, noted in the database for whom that matters."""

import logging
import time
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from typing import TypeVar

from aiokafka import TopicPartition
from opentelemetry.instrumentation.utils import suppress_instrumentation
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_chassis.database.engine import Database
from polity_chassis.database.errors import describe
from polity_chassis.messaging.consuming.positions import database_time, mark_at_end
from polity_chassis.messaging.consuming.records import Consumer

MARK_SECONDS = 5.0

T = TypeVar("T")

log = logging.getLogger(__name__)


class Standing:
    """Notes it of an authority, and of whoever must not be away for longer than a topic keeps tombstones.

    `since` (time.monotonic) is when the consumer last stood at the end, or what it missed was last made up for.
    """

    def __init__(self, consumer: Consumer, database: Database) -> None:
        self._consumer, self._database = consumer, database
        self._noted = float("-inf")
        self.since = time.monotonic()

    async def time_to_note(self) -> datetime | None:
        """Returns the database's time where it is due to be noted whether the consumer stands at the end."""
        wanted = self._consumer.authority or self._consumer.compacted
        if not wanted or time.monotonic() - self._noted < MARK_SECONDS:
            return None
        return await self._keep_up(database_time)

    async def note(self, partitions: Iterable[TopicPartition], at: datetime) -> None:
        """Notes that it stood at the end of the partitions at that instant of the database's clock."""
        await self._keep_up(lambda session: mark_at_end(session, self._consumer.name, partitions, at))
        self._noted = self.since = time.monotonic()

    async def _keep_up(self, action: Callable[[AsyncSession], Awaitable[T]]) -> T | None:
        """Returns what the action returns; it belongs to nobody's trace, and may fail."""
        try:
            with suppress_instrumentation():
                async with self._database.transaction() as session:
                    return await action(session)
        except Exception as error:
            log.warning("consumer %s can't note its standing (%s)", self._consumer.name, describe(error, personal=True))
            return None
