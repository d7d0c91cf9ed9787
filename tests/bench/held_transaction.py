"""The relay's cost of a fact beside a transaction that has written and stays open, against itself at the start.

The cost is the CPU time of the relay's process and of its PostgreSQL session, which other programs on the machine
disturb least. Dead rows can't be removed while the transaction is open: the table grows by every fact that was sent.
"""

import asyncio
import contextlib
import multiprocessing
import os
import statistics
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
from polity_chassis.database.outbox_notify import CHANNEL
from polity_chassis.database.urls import driver_url
from polity_chassis.messaging.publishing.relay import Relay
from polity_contracts.topics import COMMITMENTS, Topic
from polity_local.testing.parts import KafkaForTests, PostgresForTests
from relay import COLUMNS, make_outbox, rows
from sqlalchemy.ext.asyncio import create_async_engine

RATE_PER_SECOND = 500
AT_ONCE = 25
WINDOWS = 20
WARM_UP_SECONDS = 15
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


SECONDS = 120.0
"""How long the transaction stays open; `--minutes` sets it."""


async def measure(postgres: PostgresForTests, kafka: KafkaForTests, _runs: int) -> dict[str, Any]:
    """Returns the CPU µs of a fact in the last fifth of the time and in the first, and their ratio, of one run."""
    topic = kafka.random_topic(COMMITMENTS)
    await kafka.create_topics(topic)
    url = await postgres.create_database("bench")
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(make_outbox)
    await engine.dispose()
    process = multiprocessing.get_context("spawn").Process(target=_relay, args=(url, kafka.bootstrap), daemon=True)
    process.start()
    try:
        async with _written(url, topic):
            await asyncio.sleep(WARM_UP_SECONDS)
            async with _held(url):
                costs = await _costs(url, process.pid or 0, SECONDS / WINDOWS)
        left = await _left(url)
    finally:
        process.kill()
        await asyncio.to_thread(process.join)
        await postgres.drop_created()
        await kafka.delete_created()
    if left:
        raise RuntimeError(f"{left} facts were not sent")
    fifth = WINDOWS // 5
    first, last = statistics.median(costs[:fifth]), statistics.median(costs[-fifth:])
    return {
        "name": f"relay beside a transaction open for {SECONDS / 60:g} minutes, {RATE_PER_SECOND} facts/s",
        "ours": round(last),
        "peer": round(first),
        "ratio": round(last / first, 2),
        "unit": "CPU µs/fact",
        "peer_name": "itself at the start",
        "windows": [round(cost) for cost in costs],
        "runs": 1,
    }


def _relay(url: str, bootstrap: str) -> None:
    asyncio.run(Relay(url, bootstrap, source="membership").run())


@contextlib.asynccontextmanager
async def _held(url: str) -> AsyncIterator[None]:
    """Holds a transaction open that took a number of the outbox, as one that hangs in the middle of a command."""
    connection = await asyncpg.connect(driver_url(url))
    transaction = connection.transaction()
    await transaction.start()
    held = Topic("held", "nobody", "nothing", ())
    await connection.copy_records_to_table("outbox", records=rows(held, 1), columns=COLUMNS)
    try:
        yield
    finally:
        await transaction.rollback()
        await connection.close()


@contextlib.asynccontextmanager
async def _written(url: str, topic: Topic) -> AsyncIterator[None]:
    """Writes facts at the rate, and waits at the end until the relay had time to send the last of them."""
    stop = asyncio.Event()
    writing = asyncio.create_task(_write(url, topic, stop))
    try:
        yield
    finally:
        stop.set()
        await writing
        await asyncio.sleep(5)


async def _write(url: str, topic: Topic, stop: asyncio.Event) -> None:
    connection = await asyncpg.connect(driver_url(url))
    began, written = time.perf_counter(), 0
    while not stop.is_set():
        async with connection.transaction():
            await connection.copy_records_to_table("outbox", records=rows(topic, AT_ONCE), columns=COLUMNS)
            await connection.execute(f"NOTIFY {CHANNEL}")
        written += AT_ONCE
        await asyncio.sleep(max(0.0, began + written / RATE_PER_SECOND - time.perf_counter()))
    await connection.close()


async def _costs(url: str, process: int, seconds: float) -> list[float]:
    """Returns the CPU µs of a fact in each of the windows."""
    connection = await asyncpg.connect(driver_url(url))
    backend = await connection.fetchval(
        "SELECT pid FROM pg_stat_activity WHERE application_name = 'relay' AND datname = current_database()"
    )
    costs = []
    try:
        sent, spent = await _sent(connection), _cpu(process) + _cpu(backend)
        for _ in range(WINDOWS):
            await asyncio.sleep(seconds)
            sent_now, spent_now = await _sent(connection), _cpu(process) + _cpu(backend)
            costs.append(1_000_000 * (spent_now - spent) / (sent_now - sent))
            sent, spent = sent_now, spent_now
    finally:
        await connection.close()
    return costs


async def _sent(connection: Any) -> int:
    taken, kept = await connection.fetchrow("SELECT (SELECT last_value FROM outbox_seq_seq), count(*) FROM outbox")
    return int(taken) - int(kept)


async def _left(url: str) -> int:
    connection = await asyncpg.connect(driver_url(url))
    try:
        return int(await connection.fetchval("SELECT count(*) FROM outbox"))
    finally:
        await connection.close()


def _cpu(process: int) -> float:
    """Returns the seconds of CPU time that the process has used (proc_pid_stat(5), fields 14 and 15)."""
    fields = Path("/proc", str(process), "stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND
