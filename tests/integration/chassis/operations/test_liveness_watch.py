"""A consumer that stands still though there is something to read ends its process; nothing else does.

aiokafka can stop without a sign after a broker's restart or a rebalance (aio-libs/aiokafka#1154, #847, #625, #718).
"""

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaProducer
from polity_chassis.database.engine import Database
from polity_chassis.messaging.consuming.positions import claim_positions, move_positions
from polity_chassis.messaging.consuming.records import Consumer
from polity_chassis.operations.liveness import Liveness, Stuck
from polity_contracts.topics import CAMPAIGNS

PATIENCE_SECONDS = 0.4


@dataclass
class Part:
    """A part that has made no progress for long."""

    consumer: Consumer
    waiting_for: str | None = None
    last_progress: float = field(default_factory=lambda: time.monotonic() - 3600)


class World:
    """One consumer's topic with one fact in each of its partitions, and the positions that it has stored."""

    def __init__(self, database: Database, bootstrap: str, topic: str, partitions: list[Any]) -> None:
        self.database, self.bootstrap, self.partitions = database, bootstrap, partitions
        self.part = Part(Consumer(f"watched-{uuid4()}", (topic,), {}))

    async def stand(self, offset: int) -> None:
        async with self.database.transaction() as session:
            now = await claim_positions(session, self.part.consumer.name, self.partitions)
            await move_positions(session, self.part.consumer.name, now, dict.fromkeys(now, offset))

    async def watch(self, seconds: float, *, bootstrap: str = "", **parts: Any) -> None:
        """Watches for so long; raises Stuck."""
        watched = parts or {"consumers": [self.part]}
        liveness = Liveness(
            self.database, bootstrap or self.bootstrap, patience_seconds=PATIENCE_SECONDS, **watched
        )  # fmt: skip
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(liveness.run(), seconds)


@pytest_asyncio.fixture
async def world(chassis_database: Database, kafka: Any) -> AsyncIterator[World]:
    topic = kafka.random_topic(CAMPAIGNS)
    await kafka.create_topics(topic)
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap, acks="all", enable_idempotence=True)
    await producer.start()
    sent = [await producer.send_and_wait(topic.name, b"{}", partition=n) for n in range(topic.partitions)]
    await producer.stop()
    yield World(chassis_database, kafka.bootstrap, topic.name, [record.topic_partition for record in sent])


async def test_a_consumer_that_stands_before_facts_is_stuck(world: World) -> None:
    await world.stand(0)
    with pytest.raises(Stuck, match="watched"):
        await world.watch(30)


async def test_a_consumer_that_never_got_a_partition_is_stuck(world: World) -> None:
    with pytest.raises(Stuck, match="watched"):
        await world.watch(30)


async def _at_the_end(world: World) -> None:
    await world.stand(1)


async def _halted(world: World) -> None:
    world.part.waiting_for = "authority: unknown_type"


async def _just_now(world: World) -> None:
    world.part.last_progress = time.monotonic() + 3600


STANDING_RIGHTLY: dict[str, Callable[[World], Awaitable[None]]] = {
    "it has read everything": _at_the_end,
    "it halted on purpose": _halted,
    "it has just gone on": _just_now,
}


@pytest.mark.parametrize("why", STANDING_RIGHTLY)
async def test_a_consumer_is_left_alone_when(world: World, why: str) -> None:
    await STANDING_RIGHTLY[why](world)
    await world.watch(4 * PATIENCE_SECONDS)


async def test_a_broker_that_is_away_is_waited_for(world: World) -> None:
    await world.watch(4 * PATIENCE_SECONDS, bootstrap="127.0.0.1:1")


async def test_a_position_that_moves_is_progress(world: World) -> None:
    await world.stand(0)
    watching = asyncio.create_task(world.watch(4 * PATIENCE_SECONDS))
    producing = AIOKafkaProducer(bootstrap_servers=world.bootstrap, acks="all", enable_idempotence=True)
    await producing.start()
    offset = 0
    while not watching.done():
        offset += 1
        await asyncio.gather(
            *[producing.send_and_wait(p.topic, b"{}", partition=p.partition) for p in world.partitions]
        )
        await world.stand(offset)
    await producing.stop()
    await watching


async def test_a_relay_that_goes_round_no_more_is_stuck(world: World) -> None:
    with pytest.raises(Stuck, match="relay"):
        await world.watch(30, relays=[world.part])


PROGRAM = """
import asyncio, sys
from polity_chassis.operations.liveness import Stuck
from polity_chassis.service import Service
from polity_chassis.process import run
from polity_chassis.settings import ServiceSettings, load

async def stands_still(runtime):
    await asyncio.sleep(0.1)
    raise Stuck("consumer")

sys.exit(run(lambda: Service("test", load(ServiceSettings), (), background=(stands_still,)), ["worker"]))
"""


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


async def test_a_process_whose_part_is_stuck_ends_so_that_it_is_started_again() -> None:
    settings = {
        "POLITY_PORT": str(_free_port()),
        "POLITY_DATABASE_URL": "postgresql+asyncpg://nobody@127.0.0.1:1/none",
        "POLITY_KAFKA_BOOTSTRAP": "127.0.0.1:1",
        "POLITY_ISSUER": "http://issuer",
        "POLITY_JWKS_URL": "http://127.0.0.1:1/jwks",
        "OTEL_TRACES_EXPORTER": "none",
    }
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, "a part ended by itself" in done.stdout) == (1, True)
