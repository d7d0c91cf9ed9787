"""Marks in the database when a consumer has caught up with the end of its topics, for those that depend on it."""

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


class CaughtUpMarker:
    """Marks it for an authority consumer, and for one that must not lag longer than a topic keeps its tombstones.

    `since` (time.monotonic) is when the consumer had last caught up, or when the tombstones that it missed were last
    applied.
    """

    def __init__(self, consumer: Consumer, database: Database) -> None:
        self._consumer, self._database = consumer, database
        self._marked = float("-inf")
        self.since = time.monotonic()

    async def due(self) -> datetime | None:
        """Returns the database's time if a mark is due, None otherwise."""
        wanted = self._consumer.authority or self._consumer.compacted
        if not wanted or time.monotonic() - self._marked < MARK_SECONDS:
            return None
        return await self._attempt(database_time)

    async def mark(self, partitions: Iterable[TopicPartition], at: datetime) -> None:
        """Marks that it had caught up with the partitions at that instant of the database's clock."""
        await self._attempt(lambda session: mark_at_end(session, self._consumer.name, partitions, at))
        self._marked = self.since = time.monotonic()

    async def _attempt(self, action: Callable[[AsyncSession], Awaitable[T]]) -> T | None:
        """Returns what the action returns, None if it fails; it belongs to no trace."""
        try:
            with suppress_instrumentation():
                async with self._database.transaction() as session:
                    return await action(session)
        except Exception as error:
            log.warning("consumer %s can't note its state (%s)", self._consumer.name, describe(error, personal=True))
            return None
