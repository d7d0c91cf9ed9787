"""The progress of 200,000 facts, rebuilt and consumed live, against reading the same records and a bare COPY.

The peer reads by `getmany` and copies each record's place, key and value into a table without an index: as many bytes,
nothing decoded, no order within a key, no inbox. Rebuilt and live have to end in the same rows, or there is no result.
"""

import asyncio
import hashlib
import statistics
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from polity_chassis.database.engine import Database
from polity_chassis.database.migrations import migrate
from polity_chassis.database.urls import driver_url
from polity_chassis.ids import new_id
from polity_chassis.messaging.consuming.consumer import ConsumerRunner
from polity_chassis.messaging.consuming.records import Consumer
from polity_chassis.observability.gc_tuning import tune_gc
from polity_chassis.operations.rebuild import rebuild
from polity_contracts.envelope import Envelope, Fact, encode_value, headers
from polity_contracts.membership.campaigns import CampaignOpened
from polity_contracts.membership.commitments import CommitmentMade
from polity_contracts.membership.invitations import InterestExpressed, InvitationIssued
from polity_contracts.membership.local_governments import LocalGovernmentRegistered
from polity_contracts.membership.values import Deadline
from polity_contracts.topics import TOPICS
from polity_local.testing.parts import KafkaForTests, PostgresForTests
from polity_reporting.projections.progress import PROGRESS
from polity_reporting.storage.tables import PROJECTION_TABLES
from sqlalchemy import select

FACTS = 200_000
CAMPAIGNS = 4
CITIES = (FACTS - CAMPAIGNS) // 4
"""Each is registered, invited, interested, and commits."""

OPENED = datetime(2026, 3, 1, tzinfo=UTC)
RECORDS_AT_ONCE = 10_000
TABLES = [table.name for table in PROJECTION_TABLES]
COLUMNS = ("topic", "partition", "offset", "key", "value")


async def measure(postgres: PostgresForTests, kafka: KafkaForTests, runs: int = 5) -> dict[str, Any]:
    """Returns the rebuild's and the peer's rates in facts/s as medians over `runs` alternated runs, and their ratio."""
    return await _measure(postgres, kafka, runs, live=False)


async def measure_live(postgres: PostgresForTests, kafka: KafkaForTests, runs: int = 5) -> dict[str, Any]:
    """Returns the same for the live consumer, from its first batch to its last commit."""
    return await _measure(postgres, kafka, runs, live=True)


async def _measure(postgres: PostgresForTests, kafka: KafkaForTests, runs: int, *, live: bool) -> dict[str, Any]:
    tune_gc()  # as every service's process does
    topics = {name: kafka.random_topic(TOPICS[name]) for name in PROGRESS.topics}
    await kafka.create_topics(*topics.values())
    names = {name: topic.name for name, topic in topics.items()}
    facts = await _publish(kafka.bootstrap, names)
    url = await postgres.create_database("bench")
    await migrate(url, "polity_reporting")
    database = Database(url, application_name="bench")
    ours, peer = [], []
    try:
        expected, _ = await _live(database, kafka, names, facts)
        for _ in range(runs):
            peer.append(await _raw(url, kafka.bootstrap, list(names.values()), facts))
            made, rate = await (_live if live else _rebuilt)(database, kafka, names, facts)
            if made != expected:
                raise RuntimeError("the projection differs from the first live one")
            ours.append(rate)
    finally:
        await database.close()
        await postgres.drop_created()
        await kafka.delete_created()
    return {
        "name": f"{'live consumption' if live else 'rebuild'} of the progress, {facts} facts",
        "ours": round(statistics.median(ours)),
        "peer": round(statistics.median(peer)),
        "ratio": round(statistics.median(ours) / statistics.median(peer), 2),
        "unit": "facts/s",
        "peer_name": "getmany and COPY of the raw records",
        "runs": runs,
    }


def _consumer(names: dict[str, str]) -> Consumer:
    return replace(PROGRESS, name=f"bench-{new_id()}", topics=tuple(names.values()))


async def _rebuilt(database: Database, kafka: KafkaForTests, names: dict[str, str], facts: int) -> tuple[str, float]:
    """Returns the projection's hash and facts per second of a whole rebuild, its swap included."""
    async with database.engine.begin() as connection:
        await connection.exec_driver_sql(f"TRUNCATE {', '.join(TABLES)}, inbox, consumer_position")
    done = await rebuild(database.url, kafka.bootstrap, _consumer(names), TABLES)
    assert done.records == facts
    return await _hash(database), done.records / done.seconds


class _Watched(ConsumerRunner):
    """Notes when it began its first batch, and when everything was applied."""

    def __init__(self, consumer: Consumer, database: Database, bootstrap: str, facts: int) -> None:
        super().__init__(consumer, database, bootstrap)
        self.facts, self.began, self.applied = facts, 0.0, asyncio.Event()

    async def _handle(self, records: list[Any]) -> None:
        self.began = self.began or time.perf_counter()
        await super()._handle(records)
        if sum(self._positions.values()) >= self.facts:
            self.applied.set()


async def _live(database: Database, kafka: KafkaForTests, names: dict[str, str], facts: int) -> tuple[str, float]:
    """Returns the projection's hash and facts per second of the live consumer."""
    async with database.engine.begin() as connection:
        await connection.exec_driver_sql(f"TRUNCATE {', '.join(TABLES)}, inbox, consumer_position")
    runner = _Watched(_consumer(names), database, kafka.bootstrap, facts)
    running = asyncio.create_task(runner.run())
    try:
        async with asyncio.timeout(300):
            await runner.applied.wait()
        rate = facts / (time.perf_counter() - runner.began)
    finally:
        running.cancel()
        await asyncio.wait([running])
    return await _hash(database), rate


async def _hash(database: Database) -> str:
    """Returns a hash of all rows but their versions, which are numbers of transactions."""
    found = hashlib.sha256()
    async with database.engine.connect() as connection:
        for table in PROJECTION_TABLES:
            columns = [column for column in table.c if column.name not in {"version", "answers_version"}]
            for row in await connection.execute(select(*columns).order_by(*table.primary_key)):
                found.update(repr(tuple(row)).encode())
    return found.hexdigest()


async def _raw(url: str, bootstrap: str, topics: list[str], facts: int) -> float:
    connection = await asyncpg.connect(driver_url(url))
    await connection.execute("DROP TABLE IF EXISTS raw")
    await connection.execute('CREATE TABLE raw (topic text, partition int, "offset" bigint, key text, value text)')
    kafka = AIOKafkaConsumer(*topics, bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await kafka.start()
    done, started = 0, time.perf_counter()
    try:
        while done < facts:
            batches = await kafka.getmany(timeout_ms=100, max_records=RECORDS_AT_ONCE)
            rows = [
                (r.topic, r.partition, r.offset, r.key.decode(), r.value.decode())
                for batch in batches.values()
                for r in batch
            ]
            await connection.copy_records_to_table("raw", records=rows, columns=COLUMNS)
            done += len(rows)
        return done / (time.perf_counter() - started)
    finally:
        await kafka.stop()
        await connection.close()


async def _publish(bootstrap: str, names: dict[str, str]) -> int:
    """Sends the facts under the topics of this run, each key's in order; returns how many."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", linger_ms=20, max_batch_size=262_144)
    await producer.start()
    count = 0
    try:
        for key, sequence, fact in _facts():
            envelope = Envelope(new_id(), "membership", str(key), sequence, OPENED, fact)
            value, raw_key = encode_value(fact), str(key).encode()
            await producer.send(names[fact.topic], value, raw_key, headers=headers(envelope))
            count += 1
        await producer.flush()
    finally:
        await producer.stop()
    return count


def _facts() -> Iterator[tuple[UUID, int, Fact]]:
    network, campaigns = new_id(), [new_id() for _ in range(CAMPAIGNS)]
    for campaign in campaigns:
        yield campaign, 1, _opened(campaign, network)
    for number in range(CITIES):
        city, invitation = new_id(), new_id()
        yield city, 1, _registered(city, network, number)
        asked: dict[str, Any] = {
            "invitation_id": invitation, "campaign_id": campaigns[number % CAMPAIGNS], "network_id": network,
            "local_government_id": city,
        }  # fmt: skip
        yield from _answered(asked, number)


def _answered(asked: dict[str, Any], number: int) -> Iterator[tuple[UUID, int, Fact]]:
    at, invitation, commitment = OPENED + timedelta(minutes=number), asked["invitation_id"], new_id()
    yield (
        invitation,
        1,
        InvitationIssued(
            **asked, contact_id=new_id(), language="es", reply_by=Deadline(at=at, time_zone="Europe/Madrid"),
            link_generation=1, wave="1", issued_at=at,
        ),
    )  # fmt: skip
    yield invitation, 2, InterestExpressed(**asked, expressed_at=at)
    yield (
        commitment,
        1,
        CommitmentMade(
            **asked, commitment_id=commitment, contact_id=new_id(), language="es", ordinal=number // CAMPAIGNS + 1,
            themes=("housing", "care", "climate"), signed_on=date(2026, 3, 2), made_at=at,
        ),
    )  # fmt: skip


def _registered(city: UUID, network: UUID, number: int) -> LocalGovernmentRegistered:
    return LocalGovernmentRegistered(
        local_government_id=city, network_id=network, name=f"City {number}", country=("ES", "KR")[number % 2],
        region=("039", "030")[number % 2], latitude=40.0, longitude=3.0, population=1000, time_zone="Europe/Madrid",
    )  # fmt: skip


def _opened(campaign: UUID, network: UUID) -> CampaignOpened:
    return CampaignOpened(
        campaign_id=campaign, network_id=network, title={"en": "Bench"}, objectives={"en": "…"},
        commitment_text={"en": "…"}, fallback_language="en", milestones=(),
        themes={code: {"en": code} for code in ("housing", "care", "climate")},
        reply_by=Deadline(at=OPENED, time_zone="Europe/Madrid"),
    )  # fmt: skip
