"""What the leading relay does, from getting the lock to losing it or to the first failure."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from aiokafka import AIOKafkaProducer

from polity_chassis.database.outbox_notify import CHANNEL
from polity_chassis.messaging.publishing.in_flight_rows import InFlightRows
from polity_chassis.messaging.publishing.record_batches import WIRE_COLUMNS, PartitionBatches, RecordBatcher
from polity_chassis.messaging.publishing.restore_check import note_reached

T = TypeVar("T")
UnderWay = list[tuple[PartitionBatches, asyncio.Task[None]]]

ROWS = 5_000
BYTES = 4_000_000
POLL_SECONDS = 0.25
PING_SECONDS = 1.0
SESSION_TIMEOUT_SECONDS = 3
TRUSTED_SECONDS = 2.0
"""How long after the database's last answer the lock is taken to be held: less than its session's timeout."""
SEND_SECONDS = 30.0
NOTE_SECONDS = 1.0

_NEXT_XID = "pg_snapshot_xmax(snapshot)::text::bigint + age(pg_snapshot_xmax(snapshot)::xid)"
"""The id that the next transaction will get. A snapshot's own xmax is one above the last that *ended*: a transaction
that began after it may have this id or a higher one, and is in no snapshot. `age` counts from an id to the next one."""

READ = f"""
(SELECT {WIRE_COLUMNS}, bytes, NULL::bigint AS xmin, NULL::bigint AS next_xid
   FROM (SELECT candidate.*, coalesce(octet_length(value), 0) AS own,
                sum(coalesce(octet_length(value), 0)) OVER (ORDER BY seq ROWS UNBOUNDED PRECEDING) AS bytes
           FROM ((SELECT * FROM outbox WHERE seq = ANY($2::bigint[]) ORDER BY seq LIMIT {ROWS})
                 UNION ALL
                 (SELECT * FROM outbox WHERE seq > $1 ORDER BY seq LIMIT {ROWS})
                 ORDER BY seq LIMIT {ROWS}) AS candidate) AS row
  WHERE bytes - own < {BYTES}
  ORDER BY seq)
UNION ALL
SELECT {", ".join(["NULL"] * 15)}, NULL, pg_snapshot_xmin(snapshot)::text::bigint, {_NEXT_XID}
  FROM pg_current_snapshot() AS snapshot
"""  # noqa: S608
"""The rows above the cursor ($1) and those of the in_flight ($2), and after them the snapshot that they were seen in.

The limits hold for both together: a row above the cursor beside in_flight that were cut off would say they are gone.
"""
_LAST_TAKEN = "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM outbox_seq_seq"
NEXT_XID = f"SELECT {_NEXT_XID} FROM pg_current_snapshot() AS snapshot"  # noqa: S608
_DELETE = "DELETE FROM outbox WHERE seq = ANY($1::bigint[])"

log = logging.getLogger(__name__)


class LockLost(OSError):
    """The database may have given the lock to another relay, so nothing more is sent."""


class Leadership:
    """Relays with the connection that holds the lock and one producer; `on_progress` gets the number of rows sent."""

    def __init__(
        self, connection: Any, producer: AIOKafkaProducer, batcher: RecordBatcher, on_progress: Callable[[int], None]
    ) -> None:
        self._connection = connection
        self._producer = producer
        self._batcher = batcher
        self._progressed = on_progress
        self._woken = asyncio.Event()
        self._heard = self._noted = time.monotonic()
        self._reached: dict[tuple[str, int], int] = {}

    async def run(self) -> None:
        """Relays until something fails and raises that. While Kafka takes one set of rows the next is read."""
        await self._connection.add_listener(CHANNEL, lambda *_: self._woken.set())
        last_taken = await self._ask(self._connection.fetchval(_LAST_TAKEN))
        in_flight = InFlightRows(last_taken=last_taken, next_xid=await self._ask(self._connection.fetchval(NEXT_XID)))
        under_way: UnderWay = []
        try:
            while True:
                self._woken.clear()
                rows = await self._read(in_flight)
                await self._acknowledged(under_way)
                sent, loads = under_way, await self._delete_and_build(under_way, rows)
                under_way = self._send(loads)
                if not in_flight.settled:
                    await self._acknowledged(under_way)
                    await self._delete(under_way)
                    under_way = []
                if not rows and not sent:
                    await self._sleep()
        finally:
            for _, task in under_way:
                task.cancel()

    async def _ask(self, question: Coroutine[Any, Any, T]) -> T:
        asked = time.monotonic()
        answer = await question
        self._heard = asked
        return answer

    async def _read(self, in_flight: InFlightRows) -> list[Any]:
        """Returns the next rows; `in_flight` takes from their snapshot which may still appear."""
        rows: list[Any]
        *rows, snapshot = await self._ask(self._connection.fetch(READ, in_flight.cursor, in_flight.missing))
        numbers = [row["seq"] for row in rows]
        cut = len(rows) >= ROWS or (bool(rows) and rows[-1]["bytes"] >= BYTES)
        in_flight.observe(numbers, xmin=snapshot["xmin"], next_xid=snapshot["next_xid"], cut=cut)
        await self._batcher.read_partition_counts({row["topic"] for row in rows})
        return rows

    async def _delete_and_build(self, sent: UnderWay, rows: list[Any]) -> list[PartitionBatches]:
        """Returns the rows as batches; PostgreSQL meanwhile deletes the rows that were sent before."""
        deleting = asyncio.create_task(self._delete(sent))
        try:
            await asyncio.sleep(0)
            return self._batcher.build(rows)
        finally:
            await deleting

    def _send(self, loads: list[PartitionBatches]) -> UnderWay:
        if loads and time.monotonic() - self._heard > TRUSTED_SECONDS:
            raise LockLost("no answer from the database")
        return [(load, asyncio.create_task(self._send_load(load))) for load in loads]

    async def _send_load(self, load: PartitionBatches) -> None:
        """Sends the batches one after the other: the next must not overtake one that is refused."""
        try:
            for batch in load.batches:
                told = await (await self._producer.send_batch(batch, load.topic, partition=load.partition))
                # For a batch that Kafka had already it may no longer know the offset: -1.
                load.next_offset = told.offset + batch.record_count() if told.offset >= 0 else None
        except BaseException as error:
            load.end_spans(error)
            raise
        load.end_spans(None)

    async def _acknowledged(self, under_way: UnderWay) -> None:
        """Waits for Kafka, pinging the database; raises what Kafka refused after deleting what it took."""
        waiting = {task for _, task in under_way}
        give_up = time.monotonic() + SEND_SECONDS
        while waiting:
            _, waiting = await asyncio.wait(waiting, timeout=PING_SECONDS)
            if waiting:
                await self._ask(self._connection.execute("SELECT 1"))
            if waiting and time.monotonic() > give_up:
                raise TimeoutError("Kafka did not acknowledge")
        refused = [(load, task) for load, task in under_way if task.exception() is not None]
        if not refused:
            return
        await self._delete([each for each in under_way if each not in refused])
        for load, task in refused:
            _report(load, task.exception())
        await refused[0][1]

    async def _delete(self, sent: UnderWay) -> None:
        numbers = [number for load, _ in sent for number in load.numbers]
        if numbers:
            await self._ask(self._connection.execute(_DELETE, numbers))
        self._reached |= {(load.topic, load.partition): load.next_offset for load, _ in sent if load.next_offset}
        await self._note_reached()
        self._progressed(len(numbers))

    async def _note_reached(self) -> None:
        """Stores from time to time how far Kafka has acknowledged: the next start compares what is beyond."""
        if self._reached and time.monotonic() - self._noted > NOTE_SECONDS:
            await self._ask(note_reached(self._connection, self._reached))
            self._reached, self._noted = {}, time.monotonic()

    async def _sleep(self) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._woken.wait(), POLL_SECONDS)


def _report(load: PartitionBatches, error: BaseException | None) -> None:
    log.error(
        "Kafka refused facts; they are sent again and again, in order",
        extra={
            "topic": load.topic,
            "partition": load.partition,
            "first_row": load.numbers[0],
            "last_row": load.numbers[-1],
            "failure": type(error).__name__,
        },
    )
