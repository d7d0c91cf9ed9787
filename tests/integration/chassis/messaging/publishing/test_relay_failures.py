"""What the relay promises when it is killed, stopped, doubled or refused."""

import asyncio
import os
import signal
import time
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from polity_chassis.messaging.publishing.record_batches import RecordBatcher
from polity_chassis.messaging.publishing.relay_leadership import TRUSTED_SECONDS
from polity_contracts.topics import CAMPAIGNS

HOLDER = """
SELECT pid FROM pg_locks JOIN pg_database ON pg_database.oid = database
 WHERE locktype = 'advisory' AND granted AND classid = 28533 AND datname = current_database()
"""


async def test_a_relay_killed_while_sending_loses_nothing_and_only_repeats(outbox: Any) -> None:
    keys, per_key = [uuid4() for _ in range(40)], 750
    rows = [outbox.outgoing(key, sequence, "x" * 300) for sequence in range(1, per_key + 1) for key in keys]
    await outbox.add(*rows)
    async with outbox.relay_process() as process:

        async def half_way() -> bool:
            return 0 < await outbox.count() < len(rows)

        await outbox.until(half_way)
        process.kill()
        await process.wait()
    assert await outbox.count() > 0
    async with outbox.relaying():
        await outbox.drained()
    assert_complete(outbox.sequences(await outbox.published(len(rows))), keys, per_key)


async def test_rows_stay_until_kafka_has_acknowledged_them(outbox: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, answer = asyncio.Event(), asyncio.Event()
    send_batch = AIOKafkaProducer.send_batch

    async def slow(*arguments: Any, **named: Any) -> Any:
        asked.set()
        await answer.wait()
        return await send_batch(*arguments, **named)

    monkeypatch.setattr(AIOKafkaProducer, "send_batch", slow)
    async with outbox.relaying():
        for sequence in (1, 2, 3):
            await outbox.add(outbox.outgoing(uuid4(), sequence))
            await asyncio.wait_for(asked.wait(), 30)
        await asyncio.sleep(1)
        assert await outbox.count() == 3
        answer.set()
        await outbox.drained()
    assert len(await outbox.published(3)) == 3


async def test_a_stopped_relay_is_taken_over_and_harms_nothing_when_it_goes_on(outbox: Any) -> None:
    keys = [uuid4() for _ in range(10)]
    async with outbox.relay_process() as stopped, outbox.connected() as connection:
        await outbox.until(lambda: connection.fetchval(HOLDER))
        first = await connection.fetchval(HOLDER)
        await outbox.add(*(outbox.outgoing(key, 1) for key in keys))
        await outbox.drained()
        os.kill(stopped.pid, signal.SIGSTOP)
        await outbox.add(*(outbox.outgoing(key, 2) for key in keys))
        async with outbox.relaying():
            await outbox.until(lambda: connection.fetchval(f"SELECT ({HOLDER}) <> $1", first))
            await outbox.drained()
            os.kill(stopped.pid, signal.SIGCONT)
            for sequence in range(3, 30):
                await outbox.add(*(outbox.outgoing(key, sequence) for key in keys))
            await outbox.drained()
        # The one that was stopped is the only one left.
        await outbox.add(*(outbox.outgoing(key, 30) for key in keys))
        await outbox.drained()
    assert_complete(outbox.sequences(await outbox.published(300)), keys, 30)


async def test_of_two_relays_one_is_active_and_the_other_follows_it(outbox: Any) -> None:
    async with outbox.relaying() as second:
        async with outbox.relaying() as first:
            await outbox.until(lambda: active(first, second))
            await asyncio.sleep(1)
            assert await active(first, second)
            await outbox.add(outbox.outgoing(uuid4(), 1))
            await outbox.drained()
        await outbox.until(lambda: active(second))
    assert len(await outbox.published(1)) == 1


async def test_a_refused_fact_is_seen_and_holds_its_partition_and_no_other(outbox: Any, kafka: Any) -> None:
    small = kafka.random_topic(CAMPAIGNS)
    await kafka.create_topics(small)
    await limit(kafka.bootstrap, small.name, 10_000)
    outbox.fact.topic, outbox.topic = small.name, small.name
    keys = [uuid4() for _ in range(30)]
    poison = outbox.outgoing(keys[0], 1, "x" * 20_000)
    await outbox.add(poison)
    await outbox.add(*(outbox.outgoing(key, 2 if key == keys[0] else 1) for key in keys))
    async with outbox.relaying() as relay, outbox.connected() as connection:
        held = await connection.fetch(
            "SELECT key FROM outbox WHERE key_hash % 6 = (SELECT key_hash % 6 FROM outbox WHERE seq = 1)"
        )

        async def only_the_held_are_left() -> bool:
            return await outbox.count() == len(held)

        await outbox.until(only_the_held_are_left)

        async def failed() -> bool:
            return failures(relay) > 0

        await outbox.until(failed)
        await limit(kafka.bootstrap, small.name, 1_000_000)
        await outbox.drained()
    sequences = outbox.sequences(await outbox.published(31))
    assert list(dict.fromkeys(sequences[str(keys[0])])) == [1, 2]
    assert {key: sorted(set(found)) for key, found in sequences.items() if key != str(keys[0])} == {
        str(key): [1] for key in keys[1:]
    }


async def limit(bootstrap: str, topic: str, size: int) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, {"max.message.bytes": str(size)})])
    await admin.close()


def failures(relay: Any) -> float:
    return next(gauge.value for gauge in relay.gauges() if gauge.name == "polity_relay_failures")


async def active(*relays: Any) -> bool:
    """Exactly one of them is."""
    return sum(gauge.value for relay in relays for gauge in relay.gauges() if gauge.name == "polity_relay_active") == 1


def assert_complete(found: dict[str, list[int]], keys: list[Any], last: int) -> None:
    """Repeats are allowed; the first time of each fact comes in order."""
    assert {key: list(dict.fromkeys(sequences)) for key, sequences in found.items()} == {
        str(key): list(range(1, last + 1)) for key in keys
    }


async def test_a_relay_stopped_in_the_middle_of_a_read_loses_its_lock_too(outbox: Any) -> None:
    reading = "SELECT repeat('x', 10000) FROM generate_series(1, 1000000)"
    async with outbox.session_process("SELECT pg_advisory_lock(7)", reading) as stopped, outbox.connected() as other:
        runs = "SELECT count(*) FROM pg_stat_activity WHERE query = $1 AND state = 'active'"
        await outbox.until(lambda: other.fetchval(runs, reading))
        os.kill(stopped.pid, signal.SIGSTOP)
        assert not await other.fetchval("SELECT pg_try_advisory_lock(7)")
        await outbox.until(lambda: other.fetchval("SELECT pg_try_advisory_lock(7)"))


async def test_a_relay_that_stood_still_between_reading_and_sending_sends_nothing(
    outbox: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """By then PostgreSQL may have given its lock to another, whose rows would be overtaken."""
    sent, build, send_batch = 0, RecordBatcher.build, AIOKafkaProducer.send_batch

    def stand_still_once(batcher: RecordBatcher, rows: Any) -> Any:
        if rows:
            monkeypatch.setattr(RecordBatcher, "build", build)
            time.sleep(TRUSTED_SECONDS + 0.2)
        return build(batcher, rows)

    async def count(*arguments: Any, **named: Any) -> Any:
        nonlocal sent
        sent += 1
        return await send_batch(*arguments, **named)

    monkeypatch.setattr(RecordBatcher, "build", stand_still_once)
    monkeypatch.setattr(AIOKafkaProducer, "send_batch", count)
    await outbox.add(outbox.outgoing(uuid4(), 1))
    async with outbox.relaying():
        await outbox.drained()
    assert [
        record.failure for record in caplog.records if record.name == "polity_chassis.messaging.publishing.relay"
    ] == ["LockLost"]
    assert sent == 1
    assert len(await outbox.published(1)) == 1
