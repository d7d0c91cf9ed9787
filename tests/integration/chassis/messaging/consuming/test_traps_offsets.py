"""What Kafka is told of our progress, how often a failure is retried, and records that nobody should have written."""

import asyncio
import time
from itertools import pairwise

from aiokafka import AIOKafkaConsumer, TopicPartition
from ledger import Noted, note, record, until

OUR_OFFSETS = "SELECT topic, partition, next_offset FROM consumer_position WHERE consumer = :consumer"


async def committed(world):
    """Kafka's own offset of each partition of the log, for the tools that show the lag."""
    group = AIOKafkaConsumer(bootstrap_servers=world.bootstrap, group_id=world.name, enable_auto_commit=False)
    await group.start()
    try:
        return [await group.committed(TopicPartition(world.log, number)) or 0 for number in range(3)]
    finally:
        await group.stop()


async def test_kafka_is_never_told_more_than_is_applied(world):
    """FastStream's ack() commits all that was fetched (ag2ai/faststream#2618)."""
    reached, go = asyncio.Event(), asyncio.Event()

    async def note_when_told(session, facts):
        reached.set()
        await go.wait()
        await note(session, facts)

    for number in range(3):
        await world.send(*(record(f"k{number}", n, Noted(amount=n)) for n in range(1, 51)), partition=number)
    running = world.start(world.consumer(handler=note_when_told))
    await asyncio.wait_for(reached.wait(), 60)
    rounds, watch = [], running.runner._watch

    async def counted():
        await watch()
        rounds.append(running.runner.lag())

    running.runner._watch = counted

    async def twice():
        return len(rounds) >= 2

    await until(twice, "two rounds of commits")
    assert (rounds[-1], await committed(world)) == (150, [0, 0, 0])
    go.set()

    async def all_committed():
        return await committed(world) == [50, 50, 50]

    await until(all_committed, "the offsets")


async def test_offsets_are_committed_for_no_partition_of_another(world):
    """After a rebalance a commit for what was revoked would set the other consumer back (ag2ai/faststream#1414)."""
    told = []

    def listen(running):
        async def commit(offsets, kafka=running.runner._kafka):
            told.append(set(offsets) - kafka.assignment())
            await type(kafka).commit(kafka, offsets)

        running.runner._kafka.commit = commit

    first = world.start()

    async def has_all():
        return len(first.runner._positions) == 4

    await until(has_all, "the first assignment")
    listen(first)
    await world.send(*(record(f"k{n}", 1, Noted(amount=n)) for n in range(60)), partition=None)
    second = world.start()

    async def share():
        return first.runner._positions and second.runner._positions

    await until(share, "the rebalance")
    listen(second)
    assert first.runner._positions.keys().isdisjoint(second.runner._positions)
    before = len(told)
    await world.send(*(record(f"k{n}", 2, Noted(amount=n)) for n in range(60)), partition=None)

    async def both_told():
        ours = {(topic, number): offset for topic, number, offset in await world.rows(OUR_OFFSETS, consumer=world.name)}
        return len(told) > before + 1 and await committed(world) == [ours[world.log, number] for number in range(3)]

    await until(both_told, "the commits of both")
    assert told == [set()] * len(told)


async def test_a_failure_is_retried_with_growing_pauses(world):
    """FastStream by itself calls a handler that raises some 667 times a second."""
    tries = []

    async def fail(session, facts):
        tries.append(time.monotonic())
        raise TimeoutError

    await world.send(record("a", 1, Noted(amount=1)))
    world.start(world.consumer(handler=fail))

    async def five():
        return len(tries) >= 5

    await until(five, "five tries")
    pauses = [later - earlier for earlier, later in pairwise(tries)]
    assert all(pause > 0.1 * 2**number for number, pause in enumerate(pauses)), pauses
    assert await world.parked() == []


async def test_a_type_that_nobody_knows_parks_and_holds_its_key(world):
    unheard = record("a", 1, Noted(amount=1))
    unheard["headers"] = [
        (name, b"test.unheard_of" if name == "ce_type" else value) for name, value in unheard["headers"]
    ]
    await world.send(unheard, record("a", 2, Noted(amount=2)), record("b", 1, Noted(amount=1)))
    world.start()
    await world.read_to(3)

    assert await world.parked() == [(1, "unknown_type"), (2, "behind")]
    assert await world.effects("b") == [1]


async def test_a_megabyte_that_cannot_be_read_parks_and_is_kept_whole(world):
    bytes_ = b"[" * 1_000_000
    await world.send(record("a", 1, Noted(amount=1), value=bytes_), record("b", 1, Noted(amount=1)))
    world.start()
    await world.read_to(2)

    assert await world.parked() == [(1, "data")]
    assert await world.rows("SELECT octet_length(value) FROM parked_message") == [(len(bytes_),)]
    assert await world.effects("b") == [1]
