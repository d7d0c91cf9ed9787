"""The relay drains a backlog, against Kafka's own producer sending as many records of as many bytes.

A record of ours has a key, a value and the contract's headers; the peer (`kafka-producer-perf-test`, warm) sends the
same number of bytes as a bare value, which costs it less: it reads no database and deletes nothing.
"""

import asyncio
import re
import statistics
import time
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import asyncpg
from alembic.migration import MigrationContext
from alembic.operations import Operations
from polity_chassis.clock import utc_now
from polity_chassis.database.migrations import change_chassis_tables, create_chassis_tables
from polity_chassis.database.urls import driver_url
from polity_chassis.ids import new_id
from polity_chassis.messaging.publishing.partitioning import key_hash
from polity_chassis.messaging.publishing.relay import Relay
from polity_contracts.envelope import Envelope, encode_value, headers
from polity_contracts.membership.commitments import CommitmentMade
from polity_contracts.topics import COMMITMENTS, Topic
from polity_local.testing.parts import KafkaForTests, PostgresForTests
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

PERFORMANCE_TEST = "org.apache.kafka.tools.ProducerPerformance"
COLUMNS = (
    *("message_id", "topic", "key", "key_hash", "sequence", "type", "version", "visibility"),
    *("networks", "value", "occurred_at"),
)


async def measure(
    postgres: PostgresForTests,
    kafka: KafkaForTests,
    *,
    java: tuple[str, ...],
    classpath: str,
    rows: int = 200_000,
    runs: int = 5,
) -> dict[str, Any]:
    """Returns both rates in records/s as medians over `runs` alternated runs, and their ratio (ours / peer).

    `classpath` holds Kafka's clients and org.apache.kafka:kafka-tools with its argument parser.
    """
    ours, peer = [], []
    for _ in range(runs):
        topic = kafka.random_topic(COMMITMENTS)
        await kafka.create_topics(topic)
        ours.append(await _drain(await postgres.create_database("bench"), kafka, topic, rows))
        peer.append(await _produce(kafka, topic, rows, java, classpath))
        await postgres.drop_created()
        await kafka.delete_created()
    return {
        "name": "relay draining a backlog",
        "ours": round(statistics.median(ours)),
        "peer": round(statistics.median(peer)),
        "ratio": round(statistics.median(ours) / statistics.median(peer), 2),
        "unit": "records/s",
        "peer_name": "kafka-producer-perf-test, warm, acks=all, idempotent, as many bytes a record",
        "runs": runs,
    }


async def _drain(url: str, kafka: KafkaForTests, topic: Topic, count: int) -> float:
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(make_outbox)
    await engine.dispose()
    loader = await asyncpg.connect(driver_url(url))
    await loader.copy_records_to_table("outbox", records=rows(topic, count), columns=COLUMNS)
    await loader.close()
    relay = Relay(url, kafka.bootstrap, source="membership")
    task = asyncio.create_task(relay.run())
    try:
        await _until(relay, "polity_relay_active", 1)
        began = time.perf_counter()
        await _until(relay, "polity_relay_sent", count)
        return count / (time.perf_counter() - began)
    finally:
        task.cancel()
        await asyncio.wait([task])


def make_outbox(connection: Connection) -> None:
    """Creates the chassis' tables, as a service's first migration does."""
    op = Operations(MigrationContext.configure(connection))
    create_chassis_tables(op)
    change_chassis_tables(op)


async def _until(relay: Relay, name: str, value: float) -> None:
    while next(gauge.value for gauge in relay.gauges() if gauge.name == name) < value:  # noqa: ASYNC110
        await asyncio.sleep(0.005)


def _fact() -> CommitmentMade:
    return CommitmentMade(
        commitment_id=uuid4(),
        campaign_id=uuid4(),
        network_id=uuid4(),
        local_government_id=uuid4(),
        language="en",
        ordinal=123,
        themes=("housing", "youth", "climate"),
        signed_on=utc_now().date(),
        made_at=utc_now(),
    )


def rows(topic: Topic, count: int) -> Iterator[tuple[Any, ...]]:
    """Returns so many rows of the outbox, each of a key of its own."""
    fact, now = _fact(), utc_now()
    value, networks = encode_value(fact), str(fact.network_id)
    for _ in range(count):
        key = str(new_id())
        hashed = key_hash(key.encode())
        yield new_id(), topic.name, key, hashed, 1, fact.type, fact.version, fact.visibility.value, networks, value, now


def _record_bytes() -> int:
    """Returns the bytes of one record of ours: key, value and headers."""
    fact = _fact()
    envelope = Envelope(uuid4(), "membership", str(UUID(int=0)), 1, utc_now(), fact)
    named = sum(len(name) + len(value) for name, value in headers(envelope))
    return len(envelope.key) + len(encode_value(fact) or b"") + named


async def _produce(kafka: KafkaForTests, topic: Topic, rows: int, java: tuple[str, ...], classpath: str) -> float:
    process = await asyncio.create_subprocess_exec(
        *(*java, "-Xmx512m", "-cp", classpath, PERFORMANCE_TEST, "--bootstrap-server", kafka.bootstrap),
        *("--topic", topic.name, "--record-size", str(_record_bytes()), "--throughput", "-1"),
        *("--num-records", str(2 * rows), "--warmup-records", str(rows), "--command-property", "acks=all"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    rates = re.findall(r"([\d.]+) records/sec", output.decode())
    if process.returncode or not rates:
        raise RuntimeError(f"kafka-producer-perf-test failed: {output.decode()[-500:]}")
    return float(rates[-1])
