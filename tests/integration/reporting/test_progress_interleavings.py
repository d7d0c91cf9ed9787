"""Order exists only within a key: whatever the interleaving of keys, the projection ends in the same state."""

import random
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polity_chassis.database.engine import Database
from polity_reporting.storage.tables import PROJECTION_TABLES
from sqlalchemy import select

Make = Callable[..., Any]


def interleaved(facts: list[Any], chance: random.Random) -> list[Any]:
    """Returns the facts with the order within each key kept and everything else left to chance."""
    queues: dict[str, list[Any]] = defaultdict(list)
    for received in facts:
        queues[received.key].append(received)
    order = [key for key, queue in queues.items() for _ in queue]
    chance.shuffle(order)
    return [queues[key].pop(0) for key in order]


def in_sets(facts: list[Any], chance: random.Random) -> list[list[Any]]:
    """Returns the facts cut into sets of random sizes; each set is one transaction."""
    sets, start = [], 0
    while start < len(facts):
        end = start + chance.randint(1, 15)
        sets.append(facts[start:end])
        start = end
    return sets


async def state(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Returns every row of the projection but the versions, which only tell one state from the next."""
    found = {}
    async with database.engine.connect() as connection:
        for table in PROJECTION_TABLES:
            columns = [column for column in table.c if column.name not in ("version", "answers_version")]
            rows = (await connection.execute(select(*columns))).all()
            found[table.name] = sorted((tuple(row) for row in rows), key=repr)
    return found


async def emptied(database: Database) -> None:
    async with database.engine.begin() as connection:
        for table in PROJECTION_TABLES:
            await connection.execute(table.delete())


@given(chance=st.randoms(use_true_random=False), doubled=st.booleans())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_the_same_facts_in_any_order_across_keys_doubled_or_not_give_the_same_state(
    projection: Database,
    story: Callable[..., Any],
    apply_facts: Callable[..., Any],
    chance: random.Random,
    doubled: bool,
) -> None:
    told = story(cities=7)
    told.submit(2, 3, 4, city=0)
    told.submit(2, city=3, commits=5)
    told.withdraw(ordinal=1, day=9)
    told.submit(10, city=2, commits=11)
    told.announce(1, 6)
    facts = told.facts
    await emptied(projection)
    await apply_facts(projection, facts)
    expected = await state(projection)
    await emptied(projection)
    for some in in_sets(interleaved(facts, chance), chance):
        await apply_facts(projection, some)
        if doubled:
            await apply_facts(projection, some)
    assert await state(projection) == expected
    assert len(expected["answer"]) == 7
    assert len(expected["submission"]) == 5
    withdrawn = {row[6]: row[5] for row in expected["answer"] if row[6]}
    assert withdrawn == {2: None, 3: None, 4: None}
    assert [row[1:3] for row in sorted(expected["milestone"], key=lambda row: row[1])] == [(1, 1), (2, 2)]
