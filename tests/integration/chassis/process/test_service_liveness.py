"""A consumer that stands still without a reason ends its process, and nothing else does."""

import asyncio
import time
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer
from polity_chassis.database.engine import Database
from polity_chassis.database.tables import chassis_metadata
from polity_chassis.messaging.consuming.records import Consumer
from polity_chassis.operations.liveness import Liveness, Stuck
from polity_contracts.topics import CAMPAIGNS
from sqlalchemy import text

PATIENCE = 1.0


@dataclass
class Runner:
    consumer: Consumer
    last_progress: float = 0.0
    waiting_for: str | None = None


@dataclass
class Watched:
    """A consumer with one fact published in its topic, and its position in the database."""

    database: Database
    bootstrap: str
    runner: Runner

    def watch(self) -> Liveness:
        return Liveness(self.database, self.bootstrap, consumers=[self.runner], patience_seconds=PATIENCE)

    async def move_to(self, offset: int) -> None:
        async with self.database.transaction() as session:
            await (await session.connection()).execute(
                text("UPDATE consumer_position SET next_offset = :offset"), {"offset": offset}
            )


@pytest.fixture
async def watched(postgres: Any, kafka: Any) -> Any:
    database = Database(await postgres.create_database("liveness"), application_name="test")
    topic = kafka.random_topic(CAMPAIGNS)
    await kafka.create_topics(topic)
    async with AIOKafkaProducer(bootstrap_servers=kafka.bootstrap) as producer:
        await producer.send_and_wait(topic.name, b"{}", partition=0)
    name = f"watched-{uuid4()}"
    async with database.engine.begin() as connection:
        await connection.run_sync(chassis_metadata.create_all)
        await connection.execute(
            text("INSERT INTO consumer_position VALUES (:name, :topic, 0, 0)"), {"name": name, "topic": topic.name}
        )
    yield Watched(database, kafka.bootstrap, Runner(Consumer(name, (topic.name,), {})))
    await database.close()


async def ends(liveness: Liveness, within: float) -> bool:
    """Whether it calls the process stuck within so many times the patience."""
    try:
        await asyncio.wait_for(liveness.run(), within * PATIENCE)
    except Stuck:
        return True
    except TimeoutError:
        return False
    return False


async def test_a_consumer_behind_that_does_not_move_is_stuck(watched: Watched) -> None:
    assert await ends(watched.watch(), 20)


@pytest.mark.parametrize("reason", ["halted", "applied", "progressing"])
async def test_a_consumer_with_a_reason_to_stand_still_is_left_alone(watched: Watched, reason: str) -> None:
    if reason == "halted":
        watched.runner.waiting_for = "authority: membership.mandate_granted"
    if reason == "applied":
        await watched.move_to(1)
    if reason == "progressing":
        watched.runner.last_progress = time.monotonic() + 3600
    assert not await ends(watched.watch(), 4)


async def test_a_consumer_whose_broker_is_away_is_left_alone(watched: Watched) -> None:
    watched.bootstrap = "127.0.0.1:1"
    assert not await ends(watched.watch(), 4)


async def test_a_relay_that_no_longer_goes_round_is_stuck(watched: Watched) -> None:
    @dataclass
    class Relay:
        last_progress: float

    def watch(last: float) -> Liveness:
        return Liveness(watched.database, watched.bootstrap, relays=[Relay(last)], patience_seconds=PATIENCE)

    assert await ends(watch(time.monotonic() - 3600), 4)
    assert not await ends(watch(time.monotonic() + 3600), 2)
