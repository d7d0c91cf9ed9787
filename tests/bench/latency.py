"""Commit to projected at 500 facts a second: outbox, relay, Kafka and inbox, against producing straight to Kafka.

Ours is timed from the return of the commit that wrote the fact to the return of the commit that projected it; the peer
from the call of `send` to the commit of its insert. Who writes and who projects are two processes, as in the product
(a service with its relay, and another one), on one clock: CLOCK_MONOTONIC is the machine's.
"""

import asyncio
import multiprocessing
import statistics
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from polity_chassis.clock import utc_now
from polity_chassis.database.engine import Database
from polity_chassis.database.tables import chassis_metadata
from polity_chassis.ids import new_id
from polity_chassis.messaging.consuming.consumer import ConsumerRunner
from polity_chassis.messaging.consuming.records import Consumer, Received
from polity_chassis.messaging.publishing.outbox import Outgoing, add_outgoing
from polity_chassis.messaging.publishing.relay import Relay
from polity_contracts.envelope import Fact, encode_value
from polity_contracts.membership.invitations import InterestExpressed
from polity_contracts.topics import INVITATIONS
from polity_local.testing.parts import KafkaForTests, PostgresForTests
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel.ext.asyncio.session import AsyncSession

RATE_PER_SECOND = 500
SECONDS = 4.0
WARM_UP = 200
"""Facts at the beginning of a run that are not counted."""

FACTS = int(RATE_PER_SECOND * SECONDS)
LONGEST_SECONDS = 60
"""For the projecting process to stand at the topic's end, and after the last fact was written to have projected it."""

Projected = dict[UUID, float]
"""When each fact was projected."""

Write = Callable[[UUID], Coroutine[Any, Any, None]]
Project = Callable[[str, str, str, Callable[[], None]], Coroutine[Any, Any, Projected]]
"""Takes the database's URL, the broker, the topic, and whom to tell that it stands at the topic's end."""


class WatchedDatabase(Database):
    """Notes when the transaction that projected a fact has committed."""

    def __init__(self, url: str, projected: Projected, done: asyncio.Event) -> None:
        super().__init__(url, application_name="bench")
        self.projected, self.done = projected, done

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """Returns a transaction of the chassis that stamps the ids in `session.info` once it is done."""
        async with super().transaction() as session:
            yield session
        now = time.perf_counter()
        self.projected.update(dict.fromkeys(session.info.get("projected", ()), now))
        if len(self.projected) >= FACTS:
            self.done.set()


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
    now = utc_now()
    return InterestExpressed(
        invitation_id=id_, campaign_id=id_, network_id=id_, local_government_id=id_, expressed_at=now
    )


async def _write_at_the_rate(write: Write) -> None:
    """Calls `write` with a new id at the rate, however long each call takes."""
    start = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for number in range(FACTS):
            group.create_task(write(new_id()))
            await asyncio.sleep(max(0.0, start + number / RATE_PER_SECOND - time.perf_counter()))


async def _ours(url: str, kafka: KafkaForTests) -> float:
    topic = await _random_topic(kafka)
    await _make_tables(url)
    fact_type, written = _fact_type(topic), dict[UUID, float]()
    writer = Database(url, application_name="bench")
    relay = asyncio.create_task(Relay(url, kafka.bootstrap, source="bench").run())

    async def write(id_: UUID) -> None:
        fact = fact_type.model_validate(_fact(id_).model_dump())
        async with writer.transaction() as session:
            await add_outgoing(session, [Outgoing(id_, 1, fact)], occurred_at=utc_now())
        written[id_] = time.perf_counter()

    try:
        return _p99_ms(written, await _beside(_consume, (url, kafka.bootstrap, topic), write))
    finally:
        relay.cancel()
        await asyncio.gather(relay, return_exceptions=True)
        await writer.close()


async def _peer(url: str, kafka: KafkaForTests) -> float:
    topic = await _random_topic(kafka)
    await _make_tables(url)
    written = dict[UUID, float]()
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap, acks="all", enable_idempotence=True)
    await producer.start()

    async def write(id_: UUID) -> None:
        written[id_] = time.perf_counter()
        await producer.send_and_wait(topic, encode_value(_fact(id_)), key=str(id_).encode())

    try:
        return _p99_ms(written, await _beside(_insert, (url, kafka.bootstrap, topic), write))
    finally:
        await producer.stop()


async def _beside(project: Project, arguments: tuple[str, str, str], write: Write) -> Projected:
    """Writes at the rate while another process projects; returns when that one projected each fact."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_child, args=(project, arguments, sender), daemon=True)
    process.start()
    try:
        await _received(receiver, project.__name__, arguments[0])
        await _write_at_the_rate(write)
        projected: Projected = await _received(receiver, project.__name__, arguments[0])
        return projected
    finally:
        process.kill()
        await asyncio.to_thread(process.join)


async def _received(receiver: Any, name: str, url: str) -> Any:
    """Returns what the projecting process says next; raises TimeoutError with how far the facts came."""
    if not await asyncio.to_thread(receiver.poll, LONGEST_SECONDS):
        raise TimeoutError(f"{name}: of {FACTS} facts {await _counts(url)}")
    return receiver.recv()


async def _counts(url: str) -> str:
    """Returns how far the facts of a run came that did not end."""
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        found = await connection.fetchrow(
            """SELECT (SELECT count(*) FROM outbox) AS not_relayed, (SELECT count(*) FROM projected) AS projected,
                      (SELECT count(*) FROM parked_message) AS parked,
                      (SELECT coalesce(sum(next_offset), 0) FROM consumer_position) AS read"""
        )
    finally:
        await connection.close()
    return ", ".join(f"{number} {name.replace('_', ' ')}" for name, number in found.items())


def _p99_ms(written: dict[UUID, float], projected: Projected) -> float:
    """Returns the 99th percentile of the latency in milliseconds; the warm-up is left out."""
    waits = [1000 * (projected[id_] - at) for id_, at in list(written.items())[WARM_UP:]]
    return statistics.quantiles(waits, n=100)[98]


def _child(project: Project, arguments: tuple[str, str, str], sender: Any) -> None:
    sender.send(asyncio.run(project(*arguments, lambda: sender.send(None))))


async def _consume(url: str, bootstrap: str, topic: str, ready: Callable[[], None]) -> Projected:
    projected: Projected = {}
    done = asyncio.Event()
    database = WatchedDatabase(url, projected, done)

    async def project(session: AsyncSession, received: Sequence[Received[Any]]) -> None:
        ids = [r.fact.invitation_id for r in received]
        connection = await session.connection()
        await connection.execute(text("INSERT INTO projected SELECT unnest(CAST(:ids AS uuid[]))"), {"ids": ids})
        session.info.setdefault("projected", []).extend(ids)

    consumer = Consumer(f"bench-{topic}", (topic,), {_fact_type(topic): project})
    runner = ConsumerRunner(consumer, database, bootstrap)
    running = asyncio.create_task(runner.run())
    while runner.lag() is None:  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    ready()
    await done.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    return projected


async def _insert(url: str, bootstrap: str, topic: str, ready: Callable[[], None]) -> Projected:
    projected: Projected = {}
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    ready()
    while len(projected) < FACTS:
        batches = await consumer.getmany(timeout_ms=10, max_records=1000)
        ids = [UUID(record.key.decode()) for records in batches.values() for record in records]
        if ids:
            await connection.execute("INSERT INTO projected SELECT unnest($1::uuid[])", ids)
            projected.update(dict.fromkeys(ids, time.perf_counter()))
    await consumer.stop()
    await connection.close()
    return projected


async def _random_topic(kafka: KafkaForTests) -> str:
    return (await kafka.create_topics(kafka.random_topic(INVITATIONS)))[0]


def _fact_type(topic: str) -> type[Fact]:
    return type("BenchFact", (InterestExpressed,), {"topic": topic, "__module__": __name__})


async def _make_tables(url: str) -> None:
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(chassis_metadata.create_all)
        await connection.execute(text("CREATE TABLE projected (id uuid PRIMARY KEY)"))
    await engine.dispose()
