"""How far each consumer has read, in the service's database: moved in the transaction of the effects."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Protocol

from aiokafka import ConsumerRebalanceListener, TopicPartition
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

Positions = Mapping[TopicPartition, int]
"""The next offset to read of each partition."""

_CLAIM = text("""
INSERT INTO consumer_position (consumer, topic, partition, next_offset)
SELECT :consumer, topic, partition, 0
  FROM unnest(CAST(:topic AS text[]), CAST(:partition AS int[])) AS p (topic, partition)
    ON CONFLICT DO NOTHING
""")
_READ = text("SELECT topic, partition, next_offset FROM consumer_position WHERE consumer = :consumer")
_MOVE = text("""
UPDATE consumer_position AS stored SET next_offset = p.next
  FROM unnest(CAST(:topic AS text[]), CAST(:partition AS int[]), CAST(:expected AS bigint[]), CAST(:next AS bigint[]))
       AS p (topic, partition, expected, next)
 WHERE stored.consumer = :consumer AND stored.topic = p.topic AND stored.partition = p.partition
   AND stored.next_offset = p.expected
""")
_AT_END = text("""
UPDATE consumer_position AS stored SET at_end_at = :at
  FROM unnest(CAST(:topic AS text[]), CAST(:partition AS int[])) AS p (topic, partition)
 WHERE stored.consumer = :consumer AND stored.topic = p.topic AND stored.partition = p.partition
""")
_FRESH = text("""
SELECT count(*) > 0 AND count(*) = count(at_end_at) AND min(at_end_at) >= clock_timestamp() - CAST(:within AS interval)
  FROM consumer_position WHERE consumer = :consumer
""")


class StalePosition(Exception):
    """Another process has moved a position of this batch: roll its transaction back."""


def _columns(partitions: Iterable[TopicPartition]) -> dict[str, list[str] | list[int]]:
    ordered = list(partitions)
    return {"topic": [p.topic for p in ordered], "partition": [p.partition for p in ordered]}


async def claim_positions(
    session: AsyncSession, consumer: str, partitions: Iterable[TopicPartition]
) -> dict[TopicPartition, int]:
    """Returns the next offset of each of the partitions; one never read before starts at 0."""
    wanted = sorted(partitions)
    connection = await session.connection()
    await connection.execute(_CLAIM, {"consumer": consumer, **_columns(wanted)})
    rows = await connection.execute(_READ, {"consumer": consumer})
    stored = {TopicPartition(row.topic, row.partition): row.next_offset for row in rows}
    return {partition: stored[partition] for partition in wanted}


async def move_positions(session: AsyncSession, consumer: str, expected: Positions, reached: Positions) -> None:
    """Moves the positions from `expected` to `reached`; raises StalePosition unless all of them stood there."""
    moving = sorted(reached)
    parameters = {
        "consumer": consumer,
        **_columns(moving),
        "expected": [expected[partition] for partition in moving],
        "next": [reached[partition] for partition in moving],
    }
    moved = await (await session.connection()).execute(_MOVE, parameters)
    if moved.rowcount != len(moving):
        raise StalePosition(consumer)


async def mark_at_end(session: AsyncSession, consumer: str, partitions: Iterable[TopicPartition], at: datetime) -> None:
    """Stores that the consumer was at the end of the partitions at the instant `at` of the database's clock."""
    await (await session.connection()).execute(_AT_END, {"consumer": consumer, "at": at, **_columns(partitions)})


async def database_time(session: AsyncSession) -> datetime:
    """Returns the present instant by the database's clock, which all processes share."""
    instant: datetime = (await (await session.connection()).execute(text("SELECT clock_timestamp()"))).scalar_one()
    return instant


async def stood_at_end(session: AsyncSession, consumer_name: str, *, within: timedelta) -> bool:
    """Returns whether the consumer had applied every published fact at some instant within that time.

    Only consumers that halt or read compacted topics store it, every 5 s; both instants are of the database's clock.
    """
    rows = await (await session.connection()).execute(_FRESH, {"consumer": consumer_name, "within": within})
    return bool(rows.scalar_one())


class Adopting(Protocol):
    """A reader of partitions: takes them over paused, seeks to its own positions in them, or releases them."""

    def attach(self, assigned: set[TopicPartition]) -> None: ...
    async def adopt(self, partitions: set[TopicPartition]) -> None: ...
    def release(self, revoked: set[TopicPartition]) -> None: ...


class SeekToOwnPositions(ConsumerRebalanceListener):  # type: ignore[misc]
    """Tells the reader which partitions Kafka has assigned to it and revoked."""

    def __init__(self, runner: Adopting) -> None:
        self._runner = runner

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        self._runner.release(revoked)

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        self._runner.attach(assigned)
        await self._runner.adopt(assigned)
