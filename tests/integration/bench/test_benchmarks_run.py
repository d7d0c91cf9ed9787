"""Benchmarks that write a service's tables themselves still run on the schema of today: with a few rows, in seconds.

The others use what is tested elsewhere, and need their time to come to a ratio.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from polity_chassis.database.migrations import migrate
from polity_chassis.database.urls import driver_url
from polity_local.testing.parts import KafkaForTests, PostgresForTests

sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))

import commitments
import progress_read
import rebuild

COUNTS = {
    commitments: {"EACH_RUN": 16},
    progress_read: {"ANSWERS": 8},
    rebuild: {"FACTS": 404, "CITIES": 100},
}


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, counts in COUNTS.items():
        for name, count in counts.items():
            monkeypatch.setattr(module, name, count)
    # Not for the other tests of this process.
    monkeypatch.setattr(rebuild, "tune_gc", lambda: None)


async def test_pgbench_does_the_statements_of_a_pledge(postgres: PostgresForTests) -> None:
    url = await postgres.create_database("bench")
    await migrate(url, "polity_membership")
    await commitments._fill(driver_url(url), 4)
    assert await asyncio.to_thread(commitments._pgbench, driver_url(url), 4) > 0
    await commitments._check(driver_url(url))


async def test_a_progress_can_be_made_to_be_read(postgres: PostgresForTests) -> None:
    url = await postgres.create_database("bench")
    await migrate(url, "polity_reporting")
    assert await progress_read._fill(url)


@pytest.mark.parametrize("measure", [rebuild.measure, rebuild.measure_live])
async def test_a_rebuild_gives_a_ratio(
    measure: Callable[..., Awaitable[dict[str, Any]]], postgres: PostgresForTests, kafka: KafkaForTests
) -> None:
    # Of its own: it drops what it made.
    parts = PostgresForTests(postgres.admin_url), KafkaForTests(kafka.bootstrap)
    assert (await measure(*parts, 1))["ratio"] > 0
