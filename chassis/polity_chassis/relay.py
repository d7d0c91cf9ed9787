"""Sends the outbox to Kafka: every row at least once, the rows of a key in the order in which they were written.

One relay of a service is active, the holder of a session advisory lock. PostgreSQL ends the session of a holder that
was stopped, so another takes over within seconds. Where it had read to dies with the session: whoever starts, takes
over or failed to send begins at the oldest row with a producer of its own.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Coroutine, Iterable
from typing import Any, TypeVar

import asyncpg
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from polity_chassis.bell import CHANNEL, driver_url
from polity_chassis.holes import Holes
from polity_chassis.packing import MAX_BATCH_BYTES, WIRE_COLUMNS, Load, Packer
from polity_chassis.runtime import Gauge

T = TypeVar("T")
_LOCK = 0x6F7574626F78
"""The advisory lock of a database's relays ("outbox" in ASCII)."""

ROWS = 5_000
BYTES = 4_000_000
POLL_SECONDS = 0.25
PING_SECONDS = 1.0
SESSION_TIMEOUT_SECONDS = 3
TRUSTED_SECONDS = 2.0
"""How long after the last word from the database the lock is taken to be held: less than its session timeout."""
SEND_SECONDS = 30.0
RETRY_SECONDS = 1.0

_READ = f"""
SELECT {WIRE_COLUMNS}, snapshot.xmin, snapshot.xmax, bytes
  FROM (SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS xmin,
               pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS xmax) AS snapshot
  LEFT JOIN LATERAL (
    SELECT candidate.*, coalesce(octet_length(value), 0) AS own,
           sum(coalesce(octet_length(value), 0)) OVER (ORDER BY seq ROWS UNBOUNDED PRECEDING) AS bytes
      FROM ((SELECT * FROM outbox WHERE seq = ANY($2::bigint[]) ORDER BY seq LIMIT {ROWS})
            UNION ALL
            (SELECT * FROM outbox WHERE seq > $1 ORDER BY seq LIMIT {ROWS})) AS candidate
  ) AS row ON bytes - own < {BYTES}
 ORDER BY seq
"""  # noqa: S608
_LAST_TAKEN = "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM outbox_seq_seq"
_XMAX = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint"
_DELETE = "DELETE FROM outbox WHERE seq = ANY($1::bigint[])"
_SESSION = {
    "application_name": "relay",
    "idle_session_timeout": f"{SESSION_TIMEOUT_SECONDS}s",
    "idle_in_transaction_session_timeout": f"{SESSION_TIMEOUT_SECONDS}s",
    # The plan must not change with statistics of a table that is empty or full within a second.
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
    "max_parallel_workers_per_gather": "0",
    "jit": "off",
}
_OUTAGES = (asyncpg.PostgresError, asyncpg.InterfaceError, KafkaError, OSError, TimeoutError)

log = logging.getLogger(__name__)


class LockLost(OSError):
    """The database may have given the lock to another relay, so nothing more is sent."""


class Relay:
    """Relays one service's outbox; `source` names the service in the records."""

    def __init__(self, database_url: str, bootstrap: str, *, source: str) -> None:
        self._url = driver_url(database_url)
        self._bootstrap = bootstrap
        self._source = source
        self._active = False
        self._failures = 0

    async def run(self) -> None:
        """Relays until cancelled; outages of the database and the broker are waited out."""
        while True:
            try:
                await self._lead()
            except _OUTAGES as error:
                self._failures += 1
                log.error("the relay starts anew", extra={"failure": type(error).__name__, "failures": self._failures})
            finally:
                self._active = False
            await asyncio.sleep(RETRY_SECONDS)

    def gauges(self) -> Iterable[Gauge]:
        """Returns whether this relay is the active one, and how often it failed since it last got through."""
        yield Gauge("polity_relay_active", "Whether this process relays the outbox", int(self._active))
        yield Gauge("polity_relay_failures", "Failures since facts were last acknowledged", self._failures)

    async def _lead(self) -> None:
        async with _session(self._url) as connection:
            while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK):  # noqa: ASYNC110
                # Waiting inside PostgreSQL would hold a snapshot, and with it back every vacuum of the cluster.
                await asyncio.sleep(POLL_SECONDS)
            async with _producer(self._bootstrap) as producer:
                self._active = True
                log.info("the relay is active", extra={"source": self._source})
                await _Turn(connection, producer, self._source, self._got_through).take()

    def _got_through(self) -> None:
        self._failures = 0


class _Turn:
    """One holder's turn, from getting the lock to losing it or to the first failure."""

    def __init__(self, connection: Any, producer: AIOKafkaProducer, source: str, got_through: Any) -> None:
        self._connection = connection
        self._producer = producer
        self._packer = Packer(producer, source)
        self._got_through = got_through
        self._woken = asyncio.Event()
        self._heard = time.monotonic()

    async def take(self) -> None:
        await self._connection.add_listener(CHANNEL, lambda *_: self._woken.set())
        last_taken = await self._ask(self._connection.fetchval(_LAST_TAKEN))
        self._holes = Holes(last_taken=last_taken, xmax=await self._ask(self._connection.fetchval(_XMAX)))
        under_way: list[tuple[Load, asyncio.Task[None]]] = []
        try:
            while True:
                self._woken.clear()
                loads = await self._read()
                await self._acknowledged(under_way)
                done, under_way = under_way, self._send(loads)
                await self._delete(done)
                if not self._holes.settled:
                    await self._acknowledged(under_way)
                    await self._delete(under_way)
                    under_way = []
                if not loads and not done:
                    await self._sleep()
        finally:
            for _, task in under_way:
                task.cancel()

    async def _ask(self, question: Coroutine[Any, Any, T]) -> T:
        asked = time.monotonic()
        answer = await question
        self._heard = asked
        return answer

    async def _read(self) -> list[Load]:
        """Returns the next rows, packed, and learns from their statement's snapshot which may still appear."""
        rows = await self._ask(self._connection.fetch(_READ, self._holes.cursor, self._holes.missing))
        xmin, xmax, size = rows[-1][-3:]
        if rows[0][0] is None:
            rows = []
        numbers = [row[0] for row in rows]
        self._holes.saw(numbers, xmin=xmin, xmax=xmax, cut=len(rows) >= ROWS or (size or 0) >= BYTES)
        await self._packer.learn(row[1] for row in rows)
        return self._packer.pack(rows)

    def _send(self, loads: list[Load]) -> list[tuple[Load, asyncio.Task[None]]]:
        if loads and time.monotonic() - self._heard > TRUSTED_SECONDS:
            raise LockLost("no word from the database")
        return [(load, asyncio.create_task(self._send_load(load))) for load in loads]

    async def _send_load(self, load: Load) -> None:
        """Sends the batches one after the other: one that is refused must not be overtaken by the next."""
        try:
            for batch in load.batches:
                await (await self._producer.send_batch(batch, load.topic, partition=load.partition))
        except BaseException as error:
            load.end_spans(error)
            raise
        load.end_spans(None)

    async def _acknowledged(self, under_way: list[tuple[Load, asyncio.Task[None]]]) -> None:
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

    async def _delete(self, sent: list[tuple[Load, asyncio.Task[None]]]) -> None:
        if sent:
            numbers = [number for load, _ in sent for number in load.numbers]
            await self._ask(self._connection.execute(_DELETE, numbers))
            self._got_through()

    async def _sleep(self) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._woken.wait(), POLL_SECONDS)


def _report(load: Load, error: BaseException | None) -> None:
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


@contextlib.asynccontextmanager
async def _session(url: str) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(url, timeout=5, command_timeout=10, server_settings=_SESSION)
    try:
        yield connection
    finally:
        # Not closed politely: the lock is to be free at once, also when the server does not answer.
        connection.terminate()


@contextlib.asynccontextmanager
async def _producer(bootstrap: str) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        acks="all",
        enable_idempotence=True,
        max_batch_size=MAX_BATCH_BYTES,
        max_request_size=2 * MAX_BATCH_BYTES,
        request_timeout_ms=10_000,
    )
    try:
        await producer.start()
        yield producer
    finally:
        await _abandon(producer)


async def _abandon(producer: AIOKafkaProducer) -> None:
    """Ends the producer without what it still holds: its stop() would send that, later than the next producer."""
    await producer.client.close()
    await producer._sender.close()
    await producer.stop()
