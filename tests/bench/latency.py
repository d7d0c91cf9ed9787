"""Commit to projected at 500 facts a second: outbox, relay, Kafka and inbox, against producing straight to Kafka.

Ours is timed from the return of the commit that wrote the fact to the return of the commit that projected it; the peer
from the call of `send` to the commit of its insert. Everything runs in one process, on one clock.
"""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from polity_chassis.consumer import Consumer, ConsumerRunner, Received
from polity_chassis.database import Database
from polity_chassis.ids import new_id
from polity_chassis.outbox import Outgoing, add_outgoing
from polity_chassis.relay import Relay
from polity_chassis.tables import chassis_metadata
from polity_contracts.envelope import Fact, encode_value
from polity_contracts.membership import InterestExpressed
from polity_contracts.topics import INVITATIONS
from polity_local.testing import KafkaForTests, PostgresForTests
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel.ext.asyncio.session import AsyncSession

RATE_PER_SECOND = 500
SECONDS = 4.0
WARM_UP = 200
"""Facts at the beginning of a run that are not counted."""

Write = Callable[[UUID], Coroutine[Any, Any, None]]


class Watch:
    """When each fact was written and when it was projected, in seconds of one clock."""

    def __init__(self) -> None:
        self.written: dict[UUID, float] = {}
        self.projected: dict[UUID, float] = {}

    def p99_ms(self) -> float:
        """Returns the 99th percentile of the latency in milliseconds; the warm-up is left out."""
        waits = [1000 * (self.projected[id_] - at) for id_, at in list(self.written.items())[WARM_UP:]]
        return statistics.quantiles(waits, n=100)[98]


class WatchedDatabase(Database):
    """Notes when the transaction that projected a fact has committed."""

    def __init__(self, url: str, watch: Watch) -> None:
        super().__init__(url, application_name="bench")
        self.watch = watch

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """Returns a transaction of the chassis that stamps the ids in `session.info` once it is done."""
        async with super().transaction() as session:
            yield session
        now = time.perf_counter()
        self.watch.projected.update(dict.fromkeys(session.info.get("projected", ()), now))


async def measure(postgres: PostgresForTests, kafka: KafkaForTests, runs: int = 5) -> dict[str, Any]:
    """Returns both p99 in milliseconds as medians over `runs` alternated runs, and their ratio (ours / peer)."""
    ours, peer = [], []
    for _ in range(runs):
        ours.append(await _ours(await postgres.create_database("bench"), kafka))
        peer.append(await _peer(await postgres.create_database("bench"), kafka))
    ours_ms, peer_ms = statistics.median(ours), statistics.median(peer)
    return {
        "name": f"commit to projected, p99 at {RATE_PER_SECOND} facts/s",
        "ours": round(ours_ms, 1),
        "peer": round(peer_ms, 1),
        "ratio": round(ours_ms / peer_ms, 2),
        "unit": "ms",
        "peer_name": "produce, consume, insert: no outbox, no inbox",
        "runs": runs,
    }


def _fact(id_: UUID) -> InterestExpressed:
    now = datetime.now(UTC)
    return InterestExpressed(
        invitation_id=id_, campaign_id=id_, network_id=id_, local_government_id=id_, expressed_at=now
    )


async def _write_at_the_rate(write: Write) -> None:
    """Calls `write` with a new id at the rate, however long each call takes."""
    start = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for number in range(int(RATE_PER_SECOND * SECONDS)):
            group.create_task(write(new_id()))
            await asyncio.sleep(max(0.0, start + number / RATE_PER_SECOND - time.perf_counter()))


async def _until_all(watch: Watch) -> None:
    async with asyncio.timeout(60):
        while len(watch.projected) < RATE_PER_SECOND * SECONDS:  # noqa: ASYNC110 - a poll is the measurement's least noise
            await asyncio.sleep(0.05)


async def _ours(url: str, kafka: KafkaForTests) -> float:
    fact_type, topic = await _random_fact_type(kafka)
    await _make_tables(url)
    watch = Watch()
    writer, reader = Database(url, application_name="bench"), WatchedDatabase(url, watch)

    async def project(session: AsyncSession, received: Sequence[Received[Any]]) -> None:
        ids = [r.fact.invitation_id for r in received]
        connection = await session.connection()
        await connection.execute(text("INSERT INTO projected SELECT unnest(CAST(:ids AS uuid[]))"), {"ids": ids})
        session.info.setdefault("projected", []).extend(ids)

    async def write(id_: UUID) -> None:
        fact = fact_type.model_validate(_fact(id_).model_dump())
        async with writer.transaction() as session:
            await add_outgoing(session, [Outgoing(id_, 1, fact)], occurred_at=datetime.now(UTC))
        watch.written[id_] = time.perf_counter()

    relay = Relay(url, kafka.bootstrap, source="bench")
    runner = ConsumerRunner(Consumer(f"bench-{topic}", (topic,), {fact_type: project}), reader, kafka.bootstrap)
    tasks = [asyncio.create_task(relay.run()), asyncio.create_task(runner.run())]
    try:
        await asyncio.sleep(4)
        await _write_at_the_rate(write)
        await _until_all(watch)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await writer.close()
        await reader.close()
    return watch.p99_ms()


async def _random_fact_type(kafka: KafkaForTests) -> tuple[type[Fact], str]:
    name = (await kafka.create_topics(kafka.random_topic(INVITATIONS)))[0]
    made = type("BenchFact", (InterestExpressed,), {"topic": name, "__module__": __name__})
    return made, name


async def _make_tables(url: str) -> None:
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(chassis_metadata.create_all)
        await connection.execute(text("CREATE TABLE projected (id uuid PRIMARY KEY)"))
    await engine.dispose()


async def _peer(url: str, kafka: KafkaForTests) -> float:
    _, topic = await _random_fact_type(kafka)
    await _make_tables(url)
    watch = Watch()
    async with AsyncExitStack() as stack:
        producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap, acks="all", enable_idempotence=True)
        consumer = AIOKafkaConsumer(topic, bootstrap_servers=kafka.bootstrap, auto_offset_reset="earliest")
        for part in (producer, consumer):
            await part.start()
            stack.push_async_callback(part.stop)
        connection = await asyncpg.connect(url.replace("+asyncpg", ""))
        stack.push_async_callback(connection.close)
        task = asyncio.create_task(_insert(consumer, connection, watch))
        stack.callback(task.cancel)

        async def write(id_: UUID) -> None:
            watch.written[id_] = time.perf_counter()
            await producer.send(topic, encode_value(_fact(id_)), key=str(id_).encode())

        await asyncio.sleep(4)
        await _write_at_the_rate(write)
        await _until_all(watch)
    return watch.p99_ms()


async def _insert(consumer: AIOKafkaConsumer, connection: Any, watch: Watch) -> None:
    while True:
        batches = await consumer.getmany(timeout_ms=10, max_records=1000)
        ids = [UUID(record.key.decode()) for records in batches.values() for record in records]
        if ids:
            await connection.execute("INSERT INTO projected SELECT unnest($1::uuid[])", ids)
            watch.projected.update(dict.fromkeys(ids, time.perf_counter()))
