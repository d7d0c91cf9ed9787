"""Sends the outbox to Kafka: every row at least once, the rows of a key in the order in which they were written.

One relay of a service is active: the holder of a session advisory lock. PostgreSQL ends the session of a holder that
was stopped, so another takes over within seconds. The cursor ends with the session: a relay that starts, takes over or
failed to send begins at the oldest row with a new producer.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Iterable
from types import MappingProxyType
from typing import Any

import asyncpg
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from opentelemetry.instrumentation.utils import suppress_instrumentation

from polity_chassis.database.urls import driver_url
from polity_chassis.messaging.publishing.record_batches import MAX_BATCH_BYTES, RecordBatcher
from polity_chassis.messaging.publishing.relay_leadership import SESSION_TIMEOUT_SECONDS, Leadership
from polity_chassis.messaging.publishing.restore_check import Aggregates, compare
from polity_chassis.observability.gauges import Gauge

RETRY_SECONDS = 1.0
STANDBY_SECONDS = 0.25
START_SECONDS = 30.0
ABANDON_SECONDS = 5.0
_LOCK = 0x6F7574626F78
"""The advisory lock of a database's relays ("outbox" in ASCII)."""

_SESSION = {
    "application_name": "relay",
    "idle_session_timeout": f"{SESSION_TIMEOUT_SECONDS}s",
    "idle_in_transaction_session_timeout": f"{SESSION_TIMEOUT_SECONDS}s",
    # A session is not idle while its client reads a result, and a client that was stopped then never takes the rest.
    "tcp_user_timeout": f"{SESSION_TIMEOUT_SECONDS}s",
    # The plan must not follow the statistics of a table that is empty or full within a second.
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
    "max_parallel_workers_per_gather": "0",
    # A deletion that a crash undoes is a fact sent once more.
    "synchronous_commit": "off",
    "jit": "off",
}
_OUTAGES = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    # A statement on a connection that the server ended while this process stood still.
    asyncpg.InternalClientError,
    KafkaError,
    OSError,
    TimeoutError,
)

log = logging.getLogger(__name__)


class Relay:
    """Relays one service's outbox; `source` names the service in the records, `aggregates` what numbers its facts.

    `last_progress` (time.monotonic) is when it last went round: read, waited its turn, or failed and went on.
    """

    def __init__(
        self, database_url: str, bootstrap: str, *, source: str, aggregates: Aggregates = MappingProxyType({})
    ) -> None:
        self.last_progress = time.monotonic()
        self._url = driver_url(database_url)
        self._bootstrap = bootstrap
        self._source = source
        self._aggregates = aggregates
        self._active = False
        self._failures = 0
        self._sent = 0

    async def run(self) -> None:
        """Relays until cancelled; outages of the database and the broker are waited out."""
        while True:
            try:
                # Its statements belong to no request; the spans of the facts are made in their own traces.
                with suppress_instrumentation():
                    await self._lead()
            except _OUTAGES as error:
                self._failures += 1
                log.error("the relay starts again", extra={"failure": type(error).__name__, "failures": self._failures})
            finally:
                self._active = False
            self._progressed(0)
            await asyncio.sleep(RETRY_SECONDS)

    def gauges(self) -> Iterable[Gauge]:
        """Returns whether this relay is the active one, what it sent, and how often it failed since."""
        yield Gauge("polity_relay_active", "Whether this process relays the outbox", int(self._active))
        yield Gauge("polity_relay_sent", "Facts acknowledged by Kafka since the process began", self._sent)
        yield Gauge("polity_relay_failures", "Failures since facts were last acknowledged", self._failures)

    async def _lead(self) -> None:
        async with _producer(self._bootstrap) as producer, session(self._url) as connection:
            # Waiting inside PostgreSQL would hold a snapshot, and with it back every vacuum of the cluster.
            while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK):
                self._progressed(0)
                await asyncio.sleep(STANDBY_SECONDS)
            self._active = True
            log.info("the relay is active", extra={"source": self._source})
            await compare(connection, self._bootstrap, self._aggregates, lambda: self._progressed(0))
            await Leadership(connection, producer, RecordBatcher(producer, self._source), self._progressed).run()

    def _progressed(self, acknowledged: int) -> None:
        self.last_progress = time.monotonic()
        self._sent += acknowledged
        if acknowledged:
            self._failures = 0


@contextlib.asynccontextmanager
async def session(url: str) -> AsyncIterator[Any]:
    """Opens the connection whose session holds the lock; closing it frees the lock at once."""
    connection = await asyncpg.connect(url, timeout=5, command_timeout=10, server_settings=_SESSION)
    try:
        yield connection
    finally:
        # close() would wait for a server that may not answer.
        connection.terminate()


@contextlib.asynccontextmanager
async def _producer(bootstrap: str) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        acks="all",
        enable_idempotence=True,
        max_batch_size=MAX_BATCH_BYTES,
        request_timeout_ms=10_000,
    )
    try:
        async with asyncio.timeout(START_SECONDS):
            await producer.start()
        yield producer
    finally:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ABANDON_SECONDS):
                await _abandon(producer)


async def _abandon(producer: AIOKafkaProducer) -> None:
    """Closes the producer without sending what it still holds: its stop() would send that after the next producer."""
    await producer.client.close()
    await producer._sender.close()
    await producer.stop()
