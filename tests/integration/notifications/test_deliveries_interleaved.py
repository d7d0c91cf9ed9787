"""Order exists only within a key: the same facts in any interleaving ask for the same mails in the same state."""

import random
from collections import defaultdict
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polity_chassis.ids import new_id
from polity_notifications.storage.tables import metadata
from sqlalchemy import text

EXPECTED = (
    ["cancelled_answered"] * 3 + ["cancelled_erased"] * 2 + ["cancelled_revoked"] * 2 + ["queued"] * 10
    + ["waiting_address"] * 3
)  # fmt: skip


def facts_of(world: Any) -> list[Any]:
    """Returns the facts of seven cities (one never recorded, one erased) and of two people in office."""
    known, also, unknown, erased, office, late, again, undone, no = (new_id() for _ in range(9))
    pledge, other = new_id(), new_id()
    invited = [world.invited(contact) for contact in (known, also, unknown, erased, again, undone, no)]
    counted = world.committed(undone, 3, by=invited[5])
    return [
        world.founded(), world.registered(), world.opened(), *invited, world.revoked(invited[0], 2),
        world.extended(invited[1]), world.submitted(invited[1], pledge), world.returned(invited[1], pledge),
        world.person(known), world.person(also, email=None), world.person(also), world.person(erased),
        world.erased(erased), world.person(office), world.committed(known, 1), world.committed(erased, 2),
        world.granted(office), world.granted(late), world.reached(1), world.reached(2),
        # Returned, and time given after that; said no, thought better of it, pledged twice.
        world.person(again), world.submitted(invited[4], other), world.returned(invited[4], other),
        world.extended(invited[4]), world.person(undone), counted, world.withdrawn(counted),
        world.person(no), world.declined(invited[6]), world.reconsidered(invited[6]),
        world.revoked(invited[3], 2),
    ]  # fmt: skip


def interleaved(facts: list[Any], chance: random.Random) -> list[Any]:
    queues: dict[str, list[Any]] = defaultdict(list)
    for received in facts:
        queues[received.key].append(received)
    order = [key for key, queue in queues.items() for _ in queue]
    chance.shuffle(order)
    return [queues[key].pop(0) for key in order]


async def emptied(world: Any) -> None:
    async with world.database.engine.begin() as connection:
        await connection.execute(text("TRUNCATE " + ", ".join(metadata.tables)))


async def state(world: Any) -> Any:
    async with world.database.engine.connect() as connection:
        return {
            name: sorted((await connection.execute(text(f"SELECT * FROM {name}"))).all(), key=repr)
            for name in metadata.tables
        }


@given(chance=st.randoms(use_true_random=False), doubled=st.booleans())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_any_interleaving_asks_for_the_same_mails(world: Any, chance: random.Random, doubled: bool) -> None:
    facts = facts_of(world)
    await emptied(world)
    await world.apply_all(facts)
    expected = await state(world)
    assert await world.statuses() == EXPECTED
    await emptied(world)
    mixed = interleaved(facts, chance)
    while mixed:
        size = chance.randint(1, 6)
        for _ in range(1 + doubled):
            await world.apply_all(mixed[:size])
        mixed = mixed[size:]
    assert await state(world) == expected
