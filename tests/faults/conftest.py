"""A platform on which people are planted, and whose people topic compacts within seconds."""

import secrets
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from polity_chassis.clock import utc_now
from polity_contracts.create_topics import create_topics
from polity_contracts.topics import PEOPLE
from polity_local.demo.load import Loader
from polity_local.running.platform import Platform
from polity_local.testing.parts import SmtpSink

sys.path.insert(0, str(Path(__file__).parent))

from partners import Endpoints, Partners
from planted import Planted
from scene import Scene, register

FAST = {"segment.ms": "1000", "max.compaction.lag.ms": "1000", "file.delete.delay.ms": "1000"}
"""What takes Kafka a day elsewhere."""


@pytest.fixture(scope="session")
def partners(platform: Platform) -> Iterator[Partners]:
    """Partner systems with endpoints of every kind, for the whole run."""
    endpoints = Endpoints()
    threading.Thread(target=endpoints.serve_forever, daemon=True).start()
    yield Partners(platform, endpoints)
    endpoints.shutdown()


@pytest_asyncio.fixture
async def fast_compaction(platform: Platform) -> AsyncIterator[None]:
    admin = AIOKafkaAdminClient(bootstrap_servers=platform.kafka_bootstrap)
    await admin.start()
    settings = PEOPLE.settings() | FAST
    await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, PEOPLE.name, configs=settings)])
    await admin.close()
    yield
    await create_topics(platform.kafka_bootstrap, [PEOPLE])


@pytest_asyncio.fixture
async def scene(platform: Platform, mails: SmtpSink, partners: Partners, fast_compaction: None) -> AsyncIterator[Scene]:
    planted = Planted()
    async with httpx.AsyncClient(base_url=platform.internal_url, timeout=30) as http:
        # A mark that is not the planted one: it stands in idempotency keys, which stay for a week.
        mark = secrets.token_hex(4)
        loader = Loader(http, platform.url, platform.demo_password, platform.grant_operator, mark)
        demo = await loader.load(utc_now().date(), register(planted))
        scene = Scene(platform, http, planted, demo)
        scene.subscribed = await partners.subscribe(http, demo.network_id, ("ok", "fivehundred", "gone"))
        await scene.plant_holder()
        await scene.plant_signatory(mails)
        await scene.plant_form()
        await scene.plant_reason()
        await scene.plant_others()
        planted.given["subject"] = scene.subject
        yield scene
