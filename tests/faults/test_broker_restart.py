"""After Kafka was killed and started again every consumer and the relay go on, though nobody touches them."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import asyncpg
import httpx
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from polity_local.demo.cities import prepare
from polity_local.platform import Platform

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

CONSUMING = ("events", "notifications", "reporting")
WITHIN_SECONDS = 60.0
Place = tuple[str, str, int]
"""Consumer, topic, partition."""


@asynccontextmanager
async def connected(platform: Platform, service: str) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(platform.database_url(service).replace("+asyncpg", ""))
    try:
        yield connection
    finally:
        await connection.close()


async def positions(platform: Platform) -> dict[Place, int]:
    """Where every consumer of every service stands."""
    found: dict[Place, int] = {}
    for service in CONSUMING:
        async with connected(platform, service) as database:
            rows = await database.fetch("SELECT consumer, topic, partition, next_offset FROM consumer_position")
            found |= {(r["consumer"], r["topic"], r["partition"]): r["next_offset"] for r in rows}
    return found


async def ends(platform: Platform, places: set[Place]) -> dict[Place, int]:
    """Where every partition ends."""
    kafka = AIOKafkaConsumer(bootstrap_servers=platform.kafka_bootstrap)
    await kafka.start()
    try:
        found = await kafka.end_offsets(list({TopicPartition(topic, number) for _, topic, number in places}))
    finally:
        await kafka.stop()
    return {place: found[TopicPartition(*place[1:])] for place in places}


async def all_is_applied(platform: Platform) -> dict[Place, int]:
    """Returns the positions once the outbox is empty and every consumer stands at the end; fails after a minute."""
    deadline = time.monotonic() + WITHIN_SECONDS
    while True:
        async with connected(platform, "membership") as database:
            waiting = await database.fetchval("SELECT count(*) FROM outbox")
        stand = await positions(platform)
        behind = {place for place, end in (await ends(platform, set(stand))).items() if stand[place] < end}
        if not waiting and not behind:
            return stand
        assert time.monotonic() < deadline, f"{waiting} facts in the outbox; behind: {sorted(behind)}"
        await asyncio.sleep(0.2)


async def test_consumers_and_relay_go_on_after_the_broker_was_killed(platform: Platform) -> None:
    async with httpx.AsyncClient(base_url=platform.internal_url, timeout=30) as http:

        async def facts() -> None:
            await prepare(platform, http, 5, secrets.token_hex(4), datetime.now(UTC).date())

        await facts()
        before = await all_is_applied(platform)
        killed = platform.kill("kafka")
        # Acknowledged all the same while there is no broker.
        await facts()
        await asyncio.to_thread(platform.wait_started_again, "kafka", killed)
        after = await all_is_applied(platform)
    moved = {place[0] for place, offset in after.items() if offset > before[place]}
    assert moved == {consumer for consumer, *_ in before}
    assert len(moved) >= 6
