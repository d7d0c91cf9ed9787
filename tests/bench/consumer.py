"""How fast facts are consumed and rebuilt, against raw `getmany` with COPY in the same run.

`python tests/bench/consumer.py` needs POLITY_TEST_POSTGRES and POLITY_TEST_KAFKA. Only the ratios travel.
"""

import asyncio
import os
import secrets
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from polity_chassis.collector import collect_rarely
from polity_chassis.consumer import Consumer, ConsumerRunner, Received
from polity_chassis.database import Database
from polity_chassis.rebuild import rebuild
from polity_chassis.tables import chassis_metadata
from polity_contracts.envelope import Envelope, encode_value, headers
from polity_contracts.membership import CommitmentMade
from polity_contracts.topics import COMMITMENTS
from polity_local.testing import KafkaForTests, PostgresForTests
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

FACTS = 100_000
ROUNDS = 5
NAME = "bench"

_UPSERT = text("""
INSERT INTO commitment (commitment_id, campaign_id, local_government_id, ordinal, first_theme, made_at)
SELECT * FROM unnest(CAST(:commitment_id AS uuid[]), CAST(:campaign_id AS uuid[]), CAST(:local_government_id AS uuid[]),
                     CAST(:ordinal AS int[]), CAST(:first_theme AS text[]), CAST(:made_at AS timestamptz[]))
    ON CONFLICT (commitment_id) DO UPDATE SET ordinal = excluded.ordinal
""")


@dataclass(frozen=True)
class Ratio:
    """Facts per second of ours and of the peer, round by round."""

    ours: list[float]
    peer: list[float]

    def __str__(self) -> str:
        ours, peer = statistics.median(self.ours), statistics.median(self.peer)
        return f"{ours:,.0f}/s against {peer:,.0f}/s: {ours / peer:.0%}"


async def project(session: AsyncSession, received: Sequence[Received[CommitmentMade]]) -> None:
    """Keeps one row per commitment, as a service's projection does."""
    facts = [each.fact for each in received]
    parameters: dict[str, list[Any]] = {
        name: [getattr(fact, name) for fact in facts]
        for name in ("commitment_id", "campaign_id", "local_government_id", "ordinal", "made_at")
    }
    parameters["first_theme"] = [fact.themes[0] for fact in facts]
    await (await session.connection()).execute(_UPSERT, parameters)


class Bench:
    """A topic full of commitments and an empty database."""

    def __init__(self, database: Database, bootstrap: str, topic: str, facts: int) -> None:
        self.database, self.bootstrap, self.topic, self.facts = database, bootstrap, topic, facts
        self.consumer = Consumer(f"{NAME}-{secrets.token_hex(4)}", (topic,), {CommitmentMade: project})

    async def prepare(self) -> None:
        """Creates the tables and fills the topic."""
        async with self.database.engine.begin() as connection:
            await connection.run_sync(chassis_metadata.create_all)
            await connection.execute(
                text("""CREATE TABLE commitment (commitment_id uuid PRIMARY KEY, campaign_id uuid NOT NULL,
                        local_government_id uuid NOT NULL, ordinal int NOT NULL, first_theme text NOT NULL,
                        made_at timestamptz NOT NULL)""")
            )
            await connection.execute(text('CREATE TABLE raw (partition int, "offset" bigint, key text, value bytea)'))
        producer = AIOKafkaProducer(bootstrap_servers=self.bootstrap, acks="all", linger_ms=20, max_batch_size=262_144)
        await producer.start()
        try:
            campaign, network = uuid4(), uuid4()
            for n in range(self.facts):
                await producer.send(self.topic, **_record(n, campaign, network))
            await producer.flush()
        finally:
            await producer.stop()

    async def empty(self) -> None:
        """Forgets everything that was consumed."""
        async with self.database.engine.begin() as connection:
            await connection.execute(text("TRUNCATE commitment, raw, inbox, consumer_position, parked_message"))
        self.consumer = replace(self.consumer, name=f"{NAME}-{secrets.token_hex(4)}")

    async def raw(self, max_records: int) -> float:
        """Returns facts per second of the peer: read and COPY, one commit per batch."""
        await self.empty()
        pool = await asyncpg.connect(self.database.url.replace("+asyncpg", ""))
        kafka = AIOKafkaConsumer(self.topic, bootstrap_servers=self.bootstrap, auto_offset_reset="earliest")
        await kafka.start()
        done, started = 0, time.perf_counter()
        try:
            while done < self.facts:
                batches = await kafka.getmany(timeout_ms=100, max_records=max_records)
                rows = [(r.partition, r.offset, r.key.decode(), r.value) for b in batches.values() for r in b]
                await pool.copy_records_to_table("raw", records=rows)
                done += len(rows)
            return done / (time.perf_counter() - started)
        finally:
            await kafka.stop()
            await pool.close()

    async def batches(self) -> float:
        """Returns facts per second of the live consumer, from its first batch to its last commit."""
        await self.empty()
        runner = ConsumerRunner(self.consumer, self.database, self.bootstrap)
        began: list[float] = []
        done = asyncio.Event()
        handle = runner._handle

        async def noting_the_begin(records: Any) -> None:
            began.append(time.perf_counter())
            await handle(records)
            if sum(runner._positions.values()) >= self.facts:
                done.set()

        runner._handle = noting_the_begin  # type: ignore[method-assign]
        task = asyncio.create_task(runner.run())
        try:
            await done.wait()
            return self.facts / (time.perf_counter() - began[0])
        finally:
            task.cancel()
            await asyncio.wait({task})

    async def rebuilt(self) -> float:
        """Returns facts per second of a whole rebuild, its swap included."""
        await self.empty()
        done = await rebuild(self.database.url, self.bootstrap, self.consumer, ["commitment"])
        return done.records / done.seconds


def _record(number: int, campaign: UUID, network: UUID) -> dict[str, Any]:
    identity, now = uuid4(), datetime.now(UTC)
    fact = CommitmentMade(
        commitment_id=identity,
        campaign_id=campaign,
        network_id=network,
        local_government_id=uuid4(),
        language="es",
        ordinal=number + 1,
        themes=("housing", "care", "climate"),
        signed_on=date(2026, 11, 21),
        made_at=now,
    )
    envelope = Envelope(uuid4(), "membership", str(identity), 1, now, fact)
    return {"key": str(identity).encode(), "value": encode_value(fact), "headers": headers(envelope)}


async def _bench(facts: int) -> tuple[Bench, PostgresForTests, KafkaForTests]:
    postgres = PostgresForTests(os.environ["POLITY_TEST_POSTGRES"])
    kafka = KafkaForTests(os.environ["POLITY_TEST_KAFKA"])
    topic = kafka.random_topic(COMMITMENTS)
    await kafka.create_topics(topic)
    database = Database(await postgres.create_database(NAME), application_name=NAME)
    bench = Bench(database, kafka.bootstrap, topic.name, facts)
    await bench.prepare()
    return bench, postgres, kafka


async def measure_batch(facts: int = FACTS, rounds: int = ROUNDS) -> Ratio:
    """Returns the live consumer (position, inbox and projection in one transaction) against the peer, in turn."""
    return await _measure(facts, rounds, live=True)


async def measure_rebuild(facts: int = FACTS, rounds: int = ROUNDS) -> Ratio:
    """Returns the rebuild of a projection against the peer, in turn."""
    return await _measure(facts, rounds, live=False)


async def _measure(facts: int, rounds: int, *, live: bool) -> Ratio:
    bench, postgres, kafka = await _bench(facts)
    collect_rarely()  # as every service's process does
    ratio = Ratio([], [])
    try:
        for _ in range(rounds):
            ratio.peer.append(await bench.raw(10_000))
            ratio.ours.append(await (bench.batches() if live else bench.rebuilt()))
    finally:
        await bench.database.close()
        await postgres.drop_created()
        await kafka.delete_created()
    return ratio


async def main() -> None:
    """Prints both ratios."""
    sys.stdout.write(f"batch consumer  {await measure_batch()}\n")
    sys.stdout.write(f"rebuild         {await measure_rebuild()}\n")


if __name__ == "__main__":
    asyncio.run(main())
