"""A compacted topic forgets its tombstones after a time: who was away for longer learns all the same who is gone."""

import time
from datetime import timedelta

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from ledger import Named, Unnamed, record, until
from polity_chassis.messaging.consuming import consumer as consumer_module

AT_ONCE = {
    "cleanup.policy": "compact", "segment.ms": "200", "max.compaction.lag.ms": "200", "delete.retention.ms": "1000",
    "min.cleanable.dirty.ratio": "0.01", "file.delete.delay.ms": "100",
}  # fmt: skip


async def set_topic(world, **settings):
    admin = AIOKafkaAdminClient(bootstrap_servers=world.bootstrap)
    await admin.start()
    await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, world.kept, configs={**AT_ONCE, **settings})])
    await admin.close()


async def keys_in_kafka(world):
    """Returns the keys of which the topic still says something."""
    kafka = AIOKafkaConsumer(world.kept, bootstrap_servers=world.bootstrap, auto_offset_reset="earliest")
    await kafka.start()
    try:
        found, quiet = set(), 0
        while quiet < 2:
            batches = await kafka.getmany(timeout_ms=200)
            found |= {record.key.decode() for batch in batches.values() for record in batch}
            quiet = quiet + 1 if not batches else 0
        return found
    finally:
        await kafka.stop()


async def kinds(world, key):
    return [kind for (kind,) in await world.rows("SELECT kind FROM effect WHERE key = :key ORDER BY place", key=key)]


async def applied(world, *keys):
    async def all_there():
        return [key for key in keys if await kinds(world, key)] == list(keys)

    await until(all_there, "the effects")


async def stands_at_end(world):
    async def stands():
        return await world.rows(
            "SELECT 1 FROM consumer_position WHERE at_end_at IS NOT NULL AND topic = :t", t=world.kept
        )

    await until(stands, "the note that it stands at the end")


async def end_unread(world, key):
    """Ends the key while nobody reads, and waits until Kafka has forgotten that, too. It takes the cleaner seconds."""
    await world.keep(record(key, 2, Unnamed()))
    sequences = iter(range(2, 10_000))

    async def forgotten():
        # A segment ends, and is cleaned, only when something comes after it.
        await world.keep(record("ticking", next(sequences), Named(amount=1)))
        return key not in await keys_in_kafka(world)

    await until(forgotten, f"Kafka keeps {key}")


@pytest.mark.slow
async def test_whoever_was_away_for_longer_than_tombstones_are_kept_learns_who_is_gone(world):
    await set_topic(world)
    await world.keep(*(record(key, 1, Named(amount=1)) for key in ("gone", "stays", "ticking")))
    world.start()
    await applied(world, "gone", "stays", "ticking")
    await stands_at_end(world)
    await world.stop()
    await end_unread(world, "gone")

    world.start()

    async def known():
        return await kinds(world, "gone") == ["Named", "Unnamed"]

    await until(known, "the end of the one who is gone")
    assert await kinds(world, "stays") == ["Named"]
    assert "Unnamed" not in await kinds(world, "ticking")
    # Known once, it is not looked for again.
    await stands_at_end(world)
    await world.stop()
    await set_topic(world, **{"delete.retention.ms": "3600000"})
    world.start()
    await world.keep(record("late", 1, Named(amount=1)))
    await applied(world, "late")
    assert await kinds(world, "gone") == ["Named", "Unnamed"]


async def restored(world, ago):
    """The database as it was: it stood at the end then, and knows somebody of whom the topic says nothing."""
    await world.keep(record("stays", 1, Named(amount=1)))
    world.start()
    await applied(world, "stays")
    await stands_at_end(world)
    await world.stop()
    at = "UPDATE consumer_position SET at_end_at = now() - CAST(:ago AS interval)"
    await world.do(at, ago=ago)
    await world.do(
        "INSERT INTO inbox (consumer, topic, key, sequence) VALUES (:consumer, :topic, 'gone', 7)",
        consumer=world.name,
        topic=world.kept,
    )
    world.start()
    await world.keep(record("late", 1, Named(amount=1)))
    await applied(world, "late")


@pytest.mark.parametrize(("days", "ended"), [(16, ["Unnamed"]), (14, [])])
async def test_only_who_may_have_missed_something_reads_from_the_beginning(world, days, ended):
    await restored(world, timedelta(days=days))
    assert await kinds(world, "gone") == ended
    assert await kinds(world, "stays") == ["Named"]
    assert await world.rows("SELECT sequence FROM inbox WHERE key = 'gone'") == [(7,)]


async def test_who_never_noted_where_it_stood_reads_from_the_beginning_once(world):
    await restored(world, None)
    assert await kinds(world, "gone") == ["Unnamed"]


async def test_who_stays_behind_for_long_looks_again_without_a_restart(world, monkeypatch):
    monkeypatch.setattr(consumer_module, "AWAY_SECONDS", 0.5)
    looked = []
    real = consumer_module.forget_absent

    async def look(*arguments):
        looked.append(time.monotonic())
        return await real(*arguments)

    monkeypatch.setattr(consumer_module, "forget_absent", look)
    await world.do("ALTER TABLE effect RENAME TO late")
    await world.keep(record("a", 1, Named(amount=1)))
    world.start()

    async def looked_again():
        return len(looked) > 1

    await until(looked_again, "a second look")
    await world.do("ALTER TABLE late RENAME TO effect")
    await applied(world, "a")
