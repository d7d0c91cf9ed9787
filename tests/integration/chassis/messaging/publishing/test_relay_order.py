"""What the relay promises of order: late commits are neither lost nor overtaken, whoever relays."""

import asyncio
import re
from typing import Any
from uuid import uuid4

import asyncpg
from aiokafka import AIOKafkaProducer
from polity_chassis.clock import utc_now
from polity_chassis.database.urls import driver_url
from polity_chassis.messaging.publishing.in_flight_rows import InFlightRows
from polity_chassis.messaging.publishing.outbox import add_outgoing
from polity_chassis.messaging.publishing.relay import session
from polity_chassis.messaging.publishing.relay_leadership import NEXT_XID, READ, ROWS
from sqlalchemy import text

INSERT = """
INSERT INTO outbox (message_id, topic, key, key_hash, sequence, type, version, visibility, networks, occurred_at)
VALUES (gen_random_uuid(), $1, $2, 0, $3, 'test.noted', 1, 'public', {networks}, now())
"""


async def test_a_late_commit_is_sent_and_not_overtaken_by_the_next_fact_of_its_key(outbox: Any) -> None:
    late, other = uuid4(), uuid4()
    async with outbox.relaying(), outbox.connected() as writer:
        await outbox.add(outbox.outgoing(other, 1))
        await outbox.drained()
        slow = writer.transaction()
        await slow.start()
        await writer.execute(INSERT.format(networks="''"), outbox.topic, str(late), 1)
        for sequence in (2, 3):
            await outbox.add(outbox.outgoing(other, sequence))
            await outbox.drained()
        await slow.commit()
        await outbox.add(outbox.outgoing(late, 2))
        await outbox.drained()
    assert outbox.sequences(await outbox.published(5)) == {str(late): [1, 2], str(other): [1, 2, 3]}


async def test_a_number_taken_before_everything_else_of_its_transaction_is_waited_for(outbox: Any) -> None:
    """INSERT takes the number before the transaction has an id; without the outbox's trigger the row is lost."""
    async with outbox.connected() as gate, outbox.connected() as writer, session_of(outbox) as reader:
        await gate.execute("SELECT pg_advisory_lock(1)")
        # A sequence's first number is written to the log, which gives its taker an id; the next 31 are not.
        await outbox.add(outbox.outgoing(uuid4(), 1))
        in_flight = await started(outbox, reader)
        networks = "(SELECT coalesce(max(x), '') FROM (SELECT pg_advisory_lock(1)::text AS x) AS waited)"
        slow = asyncio.create_task(writer.execute(INSERT.format(networks=networks), outbox.topic, str(uuid4()), 1))
        await outbox.until(lambda: gate.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted AND objid = 1"))
        await outbox.add(outbox.outgoing(uuid4(), 1))
        assert [await read(reader, in_flight), await read(reader, in_flight)] == [[3], []]
        await gate.execute("SELECT pg_advisory_unlock(1)")
        await slow
        assert await read(reader, in_flight) == [2]


async def test_a_transaction_above_each_snapshot_is_waited_for(outbox: Any) -> None:
    """A snapshot's xmax is one above the last that ended, not above the last that began: who took a number and still
    writes may be at xmax or above it, in no snapshot, and no younger transaction need ever end.
    """
    async with outbox.connected() as early, outbox.connected() as late, session_of(outbox) as reader:
        in_flight = await started(outbox, reader)
        first, second = early.transaction(), late.transaction()
        await first.start()
        await second.start()
        for writer in (early, late, early):
            await writer.execute(INSERT.format(networks="''"), outbox.topic, str(uuid4()), 1)
        await first.commit()
        assert [await read(reader, in_flight) for _ in range(3)] == [[1, 3], [], []]
        await second.commit()
        assert await read(reader, in_flight) == [2]


async def test_a_rolled_back_number_is_forgotten(outbox: Any) -> None:
    async with outbox.connected() as writer, session_of(outbox) as reader:
        in_flight = await started(outbox, reader)
        doomed = writer.transaction()
        await doomed.start()
        await writer.execute(INSERT.format(networks="''"), outbox.topic, str(uuid4()), 1)
        await outbox.add(outbox.outgoing(uuid4(), 1))
        assert await read(reader, in_flight) == [2]
        assert in_flight.missing == [1]
        await doomed.rollback()

        async def forgotten() -> bool:
            await read(reader, in_flight)
            return in_flight.missing == []

        await outbox.until(forgotten)


async def test_the_order_of_each_key_survives_many_writers(outbox: Any) -> None:
    keys = [uuid4() for _ in range(5)]
    async with outbox.connected() as connection:
        await connection.execute("CREATE TABLE counter (key uuid PRIMARY KEY, last int NOT NULL DEFAULT 0)")
        await connection.executemany("INSERT INTO counter (key) VALUES ($1)", [(key,) for key in keys])

    async def write(times: int, offset: int) -> None:
        for turn in range(times):
            key = keys[(turn + offset) % len(keys)]
            async with outbox.database.transaction() as session:
                connection = await session.connection()
                last = await connection.scalar(
                    text("UPDATE counter SET last = last + 1 WHERE key = :key RETURNING last"), {"key": key}
                )
                await add_outgoing(session, [outbox.outgoing(key, last)], occurred_at=utc_now())
                if turn % 7 == 3:
                    await asyncio.sleep(0.01)

    async with outbox.relaying(), outbox.relaying():
        await asyncio.gather(*(write(40, writer) for writer in range(15)))
        await outbox.drained()
    assert outbox.sequences(await outbox.published(600)) == {str(key): list(range(1, 121)) for key in keys}


async def test_a_key_goes_to_the_partition_that_kafka_would_choose(outbox: Any) -> None:
    keys = [uuid4() for _ in range(20)]
    await outbox.add(*(outbox.outgoing(key, 1) for key in keys))
    async with outbox.relaying():
        await outbox.drained()
    ours = {record.key: record.partition for record in await outbox.published(20)}
    async with AIOKafkaProducer(bootstrap_servers=outbox.bootstrap) as producer:
        for key in keys:
            sent = await producer.send_and_wait(outbox.topic, b"{}", key=str(key).encode())
            assert sent.partition == ours[str(key).encode()]


async def test_reading_on_costs_the_same_beside_an_open_transaction(outbox: Any) -> None:
    """Deleted rows can't be vacuumed while an old snapshot lives, so the read must not start at the oldest."""
    dead = 30_000
    async with outbox.connected() as holder, outbox.connected() as writer, session_of(outbox) as reader:
        snapshot = holder.transaction(isolation="repeatable_read")
        await snapshot.start()
        await holder.fetchval("SELECT pg_current_xact_id()")
        await writer.execute(
            INSERT.partition("VALUES")[0]
            + "SELECT gen_random_uuid(), $1, 'k', 0, n, 'test.noted', 1, 'public', '', now()"
            + "  FROM generate_series(1, $2) AS n",
            outbox.topic,
            dead,
        )
        await writer.execute("DELETE FROM outbox")
        await writer.execute("ANALYZE outbox")
        for _ in range(7):
            await reader.fetch(READ, dead, [3, dead - 3])
        plan = await reader.fetch(f"EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) {pinned(dead)}")
        lines = [line[0] for line in plan]
        await snapshot.rollback()
    assert sum("Index Scan using outbox_pkey" in line for line in lines) == 2, lines
    touched = re.search(r"hit=(\d+)", "".join(lines))
    assert touched is not None
    assert int(touched[1]) < 100, lines


async def test_more_late_rows_than_one_read_takes_are_all_sent_beside_newer_ones(outbox: Any) -> None:
    """A row above the cursor, read beside in_flight that the limit cut off, once made the relay forget the others."""
    rows = ROWS + 1_000
    async with outbox.connected() as writer, session_of(outbox) as reader:
        in_flight = await started(outbox, reader)
        large = writer.transaction()
        await large.start()
        await writer.execute(
            INSERT.partition("VALUES")[0]
            + "SELECT gen_random_uuid(), $1, gen_random_uuid()::text, 0, 1, 'test.noted', 1, 'public', '', now()"
            " FROM generate_series(1, $2)",
            outbox.topic,
            rows,
        )
        await outbox.add(outbox.outgoing(uuid4(), 1))
        assert await read(reader, in_flight) == [rows + 1]
        await large.commit()
        await outbox.add(outbox.outgoing(uuid4(), 1))
        seen = [number for _ in range(3) for number in await read(reader, in_flight)]
    assert seen == [*range(1, rows + 1), rows + 2]


def pinned(cursor: int) -> str:
    return READ.replace("$1", str(cursor)).replace("$2", f"'{{3,{cursor - 3}}}'")


def session_of(outbox: Any) -> Any:
    return session(driver_url(outbox.database.url))


async def started(outbox: Any, reader: asyncpg.Connection) -> InFlightRows:
    in_flight = InFlightRows(last_taken=0, next_xid=await reader.fetchval(NEXT_XID))

    async def settled() -> bool:
        await read(reader, in_flight)
        return in_flight.settled

    await outbox.until(settled)
    return in_flight


async def read(reader: asyncpg.Connection, in_flight: InFlightRows) -> list[int]:
    *rows, snapshot = await reader.fetch(READ, in_flight.cursor, in_flight.missing)
    numbers = [row["seq"] for row in rows]
    in_flight.observe(numbers, xmin=snapshot["xmin"], next_xid=snapshot["next_xid"], cut=len(rows) >= ROWS)
    return numbers
