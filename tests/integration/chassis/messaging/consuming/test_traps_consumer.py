"""What loses or doubles facts elsewhere: kills, rebalances, outages, positions that somebody else moved."""

import asyncio
import signal
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from ledger import Noted, note, record, until
from polity_chassis.database.engine import Database
from polity_chassis.messaging.consuming.positions import StalePosition
from sqlalchemy import text
from sqlalchemy.engine import make_url

ONCE = "SELECT count(*), count(DISTINCT (key, sequence)) FROM effect"


def facts(keys, count, first=1):
    return [record(f"k{k}", n, Noted(amount=n)) for n in range(first, first + count) for k in range(keys)]


async def all_once(world, expected):
    async def reached():
        return (await world.rows(ONCE))[0][1] >= expected

    await until(reached, f"{expected} effects")
    assert await world.rows(ONCE) == [(expected, expected)]


@pytest.mark.parametrize("where", ["before the commit", "after the commit"])
async def test_after_a_kill_each_effect_is_there_once(world, where):
    await world.send(*facts(7, 300), partition=None)
    script = Path(__file__).with_name("killed_worker.py")
    process = await asyncio.create_subprocess_exec(
        sys.executable, script, world.database.url, world.bootstrap, world.name, world.log, where
    )
    assert await asyncio.wait_for(process.wait(), 60) == -signal.SIGKILL
    assert 0 <= (await world.rows(ONCE))[0][0] < 7 * 300

    world.start()

    await all_once(world, 7 * 300)


async def test_positions_set_back_bring_exactly_those_records_again_and_no_effect(world):
    await world.send(*facts(5, 40))
    running = world.start()
    await world.read_to(200)
    group = AIOKafkaConsumer(bootstrap_servers=world.bootstrap, group_id=world.name, enable_auto_commit=False)
    await group.start()

    async def committed():
        return await group.committed(TopicPartition(world.log, 0)) == 200

    await until(committed, "Kafka's own offset")
    await group.stop()
    await running.stop()
    await world.do("UPDATE consumer_position SET next_offset = next_offset - 10 WHERE next_offset > 0")

    again = world.start()
    read, decoder = [], again.runner._decoder
    again.runner._decoder = type("Counting", (), {"decode": lambda _, r: read.append(r.offset) or decoder.decode(r)})()
    await world.read_to(200)

    assert read == list(range(190, 200))
    assert await world.rows(ONCE) == [(200, 200)]


async def test_positions_moved_under_a_running_consumer_make_it_seek_again(world):
    await world.send(*facts(5, 10))
    world.start()
    await world.read_to(50)

    await world.do("UPDATE consumer_position SET next_offset = 3 WHERE next_offset > 0")
    await world.send(*facts(5, 10, first=11))
    await world.read_to(100)

    await all_once(world, 100)


async def test_while_the_database_is_away_the_consumer_says_so_and_loses_nothing(world, postgres):
    await world.send(*facts(5, 10))
    running = world.start()
    await world.read_to(50)
    name = make_url(world.database.url).database
    admin = await asyncpg.connect(postgres.admin_url)
    await admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
    await admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)
    await world.send(*facts(5, 10, first=11))

    async def waits():
        return (running.runner.waiting_for or "").startswith("database")

    await until(waits, "the wait")
    await admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
    await admin.close()

    await all_once(world, 100)
    assert running.runner.waiting_for is None
    assert await world.parked() == []


async def test_a_table_that_is_missing_parks_nothing(world):
    await world.do("ALTER TABLE effect RENAME TO late")
    await world.send(*facts(3, 3))
    running = world.start()

    async def waits():
        return running.runner.waiting_for

    assert "42P01" in await until(waits, "the wait")
    await world.do("ALTER TABLE late RENAME TO effect")

    await all_once(world, 9)
    assert await world.parked() == []


async def test_a_lock_that_somebody_holds_is_tried_for_again_visibly_and_parks_nothing(world):
    async with world.database.engine.begin() as holder:
        await holder.execute(text("LOCK TABLE effect IN EXCLUSIVE MODE"))
        await world.send(*facts(3, 3))
        running = world.start()

        async def waits():
            return running.runner.waiting_for

        assert "55P03" in await until(waits, "the wait")
    await all_once(world, 9)
    assert await world.parked() == []


async def test_two_consumers_share_the_partitions_and_double_nothing(world):
    first = world.start()
    await world.send(*facts(20, 20), partition=None)
    second = world.start()
    for batch in range(10):
        await world.send(*facts(20, 10, first=21 + batch * 10), partition=None)
        if batch == 5:
            await first.stop()

    await all_once(world, 20 * 120)

    async def took_over():
        return second.runner.lag() == 0 and len(second.runner._positions) == 4

    await until(took_over, "the takeover")


class ParkedState(Database):
    """A database whose first transaction after `hold` waits for `go`."""

    hold = False

    def __init__(self, url):
        super().__init__(url, application_name="held")
        self.go, self.arrived = asyncio.Event(), asyncio.Event()

    @asynccontextmanager
    async def transaction(self):
        if self.hold:
            self.arrived.set()
            await self.go.wait()
        async with super().transaction() as session:
            yield session


async def test_a_batch_that_outlives_its_assignment_is_rolled_back(world):
    held = ParkedState(world.database.url)
    slow = world.start(database=held)

    async def assigned():
        return len(slow.runner._positions) == 4

    await until(assigned, "the assignment")
    stale, transaction = [], slow.runner._transaction

    async def noting_staleness(*args, **options):
        try:
            await transaction(*args, **options)
        except StalePosition as error:
            stale.append(error)
            raise

    slow.runner._transaction = noting_staleness
    held.hold = True
    await world.send(*facts(6, 20), partition=None)
    await asyncio.wait_for(held.arrived.wait(), 30)
    # Another process takes the same records while the slow one is held up.
    other = world.start()

    async def applied():
        return (await world.rows(ONCE))[0][0] > 0

    await until(applied, "the other's share")
    held.go.set()

    async def rolled_back():
        return stale

    await until(rolled_back, "the roll-back")
    await all_once(world, 120)
    await other.stop()
    await slow.stop()
    await held.close()


async def test_a_fact_of_nine_hundred_thousand_bytes_passes(world):
    await world.send(record("a", 1, Noted(amount=1, padding="x" * 890_000)), record("a", 2, Noted(amount=2)))
    world.start()
    await world.read_to(2)

    assert await world.effects("a") == [1, 2]


async def test_a_handler_that_raises_loses_nothing_of_its_batch(world):
    async def note_or_raise(session, received):
        if any(fact.fact.amount == 13 for fact in received):
            raise KeyError("thirteen")
        await note(session, received)

    await world.send(*facts(10, 20))
    world.start(world.consumer(handler=note_or_raise))
    await world.read_to(200)

    assert await world.rows(ONCE) == [(120, 120)]
    assert len(await world.parked()) == 80
    assert {row[1] for row in await world.parked()} == {"failed", "behind"}


async def test_a_constraint_checked_at_the_commit_parks_its_fact_alone(world):
    await world.do("CREATE TABLE known (amount int PRIMARY KEY)")
    await world.do("INSERT INTO known SELECT generate_series(1, 5)")
    await world.do("ALTER TABLE effect ADD FOREIGN KEY (amount) REFERENCES known DEFERRABLE INITIALLY DEFERRED")
    await world.send(*(record("a", n, Noted(amount=n)) for n in range(1, 8)), record("b", 1, Noted(amount=1)))
    world.start()
    await world.read_to(8)

    assert await world.effects("a") == [1, 2, 3, 4, 5]
    assert await world.effects("b") == [1]
    assert await world.parked() == [(6, "failed"), (7, "behind")]
