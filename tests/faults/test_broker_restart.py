"""After Kafka was killed and started again consumers, relay and webhooks go on, though nobody touches them."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import httpx
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from partners import COMMITMENT, MILESTONE, Partners
from polity_chassis.authorization.links import LinkKeys, sign
from polity_chassis.clock import utc_now
from polity_local.demo.cities import Acknowledged, Cities, prepare
from polity_local.demo.counting import look
from polity_local.demo.load import Demo
from polity_local.running.platform import Platform

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

CONSUMING = ("events", "notifications", "reporting")
WITHIN_SECONDS = 60.0
CITIES = 10
"""So many pledges reach the first milestone."""
PARTNERS = ("ok", "fivehundred", "redirecting", "gone", "hanging")
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


async def answered(platform: Platform, http: httpx.AsyncClient, demo: Demo) -> None:
    """Every city of the demonstration makes its pledge by its link."""
    keys = LinkKeys.model_validate_json(platform.instance.secrets["answer_link_keys"])
    async with connected(platform, "membership") as database:
        rows = await database.fetch("SELECT id FROM invitation WHERE campaign_id::text = $1", demo.campaign_id)
    tokens = [sign(keys, "answer", row["id"], 1) for row in rows]
    await Cities(http, Acknowledged(demo.campaign_id, demo.network_id)).all_at_once(tokens, CITIES)


async def test_consumers_relay_and_webhooks_go_on_after_the_broker_was_killed(
    platform: Platform, partners: Partners
) -> None:
    async with httpx.AsyncClient(base_url=platform.internal_url, timeout=30) as http:

        async def facts() -> Demo:
            demo, _ = await prepare(platform, http, CITIES, secrets.token_hex(4), utc_now().date())
            return demo

        demo = await facts()
        subscribed = await partners.subscribe(http, demo.network_id, PARTNERS)
        before = await all_is_applied(platform)
        killed = platform.kill("kafka")
        # Acknowledged all the same while there is no broker.
        await facts()
        await answered(platform, http, demo)
        await asyncio.to_thread(platform.wait_started_again, "kafka", killed)
        after = await all_is_applied(platform)
        seen = await look(platform, demo.campaign_id, [])
        public = {fact: COMMITMENT for _, fact in seen.commitment_facts}
        public |= {fact: MILESTONE for *_, fact in seen.milestone_facts}
        assert len(public) == CITIES + 1
        assert await partners.have(http, subscribed, public) == []
    moved = {place[0] for place, offset in after.items() if offset > before[place]}
    assert moved == {consumer for consumer, *_ in before}
    assert len(moved) >= 6
