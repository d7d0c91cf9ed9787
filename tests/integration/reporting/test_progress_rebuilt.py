"""From records in Kafka to figures, and the same figures again when they are recalculated."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import pytest_asyncio
from aiokafka import AIOKafkaProducer
from polity_chassis.database.engine import Database
from polity_chassis.ids import new_id
from polity_chassis.messaging.consuming.consumer import ConsumerRunner
from polity_chassis.messaging.consuming.records import Consumer
from polity_chassis.operations.rebuild import rebuild
from polity_contracts.envelope import Envelope, encode_value, headers
from polity_contracts.topics import TOPICS
from polity_local.testing.parts import KafkaForTests
from polity_reporting.projections.progress import PROGRESS
from polity_reporting.storage.tables import PROJECTION_TABLES
from sqlalchemy import select, text


@pytest_asyncio.fixture
async def wire(kafka: KafkaForTests) -> AsyncIterator[dict[str, str]]:
    """Returns membership's topics by their names of this test."""
    renamed = {name: replace(kafka.random_topic(TOPICS[name]), partitions=2) for name in PROGRESS.topics}
    await kafka.create_topics(*renamed.values())
    yield {name: topic.name for name, topic in renamed.items()}


async def publish(bootstrap: str, names: dict[str, str], facts: list[Any]) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all")
    await producer.start()
    try:
        for one in facts:
            envelope = Envelope(one.id, "membership", one.key, one.sequence, one.occurred_at, one.fact)
            value, key = encode_value(one.fact), one.key.encode()
            await producer.send_and_wait(names[one.topic], value, key, headers=headers(envelope))
    finally:
        await producer.stop()


async def rows(database: Database) -> dict[str, set[Any]]:
    found = {}
    async with database.engine.connect() as connection:
        for table in PROJECTION_TABLES:
            columns = [column for column in table.c if column.name not in ("version", "answers_version")]
            found[table.name] = {repr(tuple(row)) for row in await connection.execute(select(*columns))}
    return found


async def consume(consumer: Consumer, database: Database, bootstrap: str, cities: int) -> None:
    """Runs the consumer until every city has its answer and nothing is left to read."""
    runner = ConsumerRunner(consumer, database, bootstrap)
    running = asyncio.create_task(runner.run())
    try:
        async with asyncio.timeout(30):
            while len((await rows(database))["answer"]) < cities or runner.lag() != 0:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    finally:
        running.cancel()
        await asyncio.wait([running])


async def test_figures_follow_the_topics_and_a_rebuild_makes_them_again(
    projection: Database, kafka: KafkaForTests, wire: dict[str, str], story: Callable[..., Any]
) -> None:
    async with projection.engine.begin() as connection:
        await connection.execute(text("TRUNCATE campaign, local_government, answer, milestone, submission"))
    told = story(cities=20)
    await publish(kafka.bootstrap, wire, told.facts)
    consumer = replace(PROGRESS, name=f"reporting-{new_id()}", topics=tuple(wire.values()))
    await consume(consumer, projection, kafka.bootstrap, 20)
    living = await rows(projection)
    assert {name: len(found) for name, found in living.items()} == {
        "campaign": 1, "local_government": 20, "answer": 20, "milestone": 2, "submission": 0,
    }  # fmt: skip

    async with projection.engine.begin() as connection:
        await connection.execute(text("UPDATE answer SET ordinal = 99"))
    rebuilt = await rebuild(projection.url, kafka.bootstrap, consumer, [table.name for table in PROJECTION_TABLES])
    assert rebuilt.records == len(told.facts)
    assert await rows(projection) == living
