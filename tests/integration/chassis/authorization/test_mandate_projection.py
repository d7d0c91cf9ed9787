"""The copy of the mandates ends the same however the facts of different mandates are interleaved."""

import random
from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

import pytest
from polity_chassis.authorization.mandate_projection import holds, mandate_consumer
from polity_chassis.clock import utc_now
from polity_chassis.database.engine import Database
from polity_chassis.database.tables import authority
from polity_chassis.messaging.consuming.records import Received
from polity_contracts.envelope import Fact
from polity_contracts.membership.mandates import MandateEnded, MandateGranted, MandateLinked
from polity_contracts.topics import MANDATES
from sqlalchemy import delete, select

NOW = utc_now()
NETWORK = uuid4()


def granted(mandate_id: UUID, role: str = "secretariat", scope_id: UUID | None = NETWORK) -> MandateGranted:
    return MandateGranted(
        mandate_id=mandate_id, person_id=uuid4(), role=role, scope_id=scope_id, language="es", granted_at=NOW
    )


def linked(mandate_id: UUID, subject: str) -> MandateLinked:
    return MandateLinked(mandate_id=mandate_id, subject=subject, linked_at=NOW)


def ended(mandate_id: UUID) -> MandateEnded:
    return MandateEnded(mandate_id=mandate_id, ended_at=NOW)


async def apply(database: Database, facts: Sequence[Fact]) -> None:
    """Hands the facts over in runs of one type, as a batch does."""
    consumer = mandate_consumer("test")
    run: list[Received[Any]] = []
    async with database.transaction() as session:
        for number, fact in enumerate(facts):
            if run and type(run[0].fact) is not type(fact):
                await consumer.handlers[type(run[0].fact)](session, run)
                run = []
            key = str(fact.mandate_id)  # type: ignore[attr-defined]
            run.append(Received(fact, key, NOW, uuid4(), number, MANDATES.name, 0, number, None))
        await consumer.handlers[type(run[0].fact)](session, run)


async def test_facts_of_mandates_in_any_interleaving_and_twice(chassis_database: Database) -> None:
    open_one, operator, over, unlinked = (uuid4() for _ in range(4))
    by_mandate: list[list[Fact]] = [
        [granted(open_one), linked(open_one, "other"), linked(open_one, "anna")],
        [granted(operator, "operator", None), linked(operator, "ops")],
        [granted(over), linked(over, "former"), ended(over)],
        [granted(unlinked)],
    ]
    for seed in range(10):
        order = random.Random(seed)
        queues = [list(facts) for facts in by_mandate]
        mixed: list[Fact] = []
        while any(queues):
            mixed.append(order.choice([queue for queue in queues if queue]).pop(0))
        async with chassis_database.engine.begin() as connection:
            await connection.execute(delete(authority))
        await apply(chassis_database, mixed)
        if seed % 2:
            await apply(chassis_database, mixed)
        async with chassis_database.transaction() as session:
            assert await holds(session, "anna", "secretariat", NETWORK)
            assert await holds(session, "ops", "operator", None)
            for subject, role, scope in [
                ("anna", "operator", None),
                ("anna", "secretariat", uuid4()),
                ("anna", "secretariat", None),
                ("ops", "operator", NETWORK),
                ("other", "secretariat", NETWORK),
                ("former", "secretariat", NETWORK),
                ("", "secretariat", NETWORK),
            ]:
                assert not await holds(session, subject, role, scope), (subject, role)
            kept = await (await session.connection()).execute(
                select(authority.c.subject).where(authority.c.mandate_id == over)
            )
            assert kept.scalar_one() is None


def test_the_consumer_halts_rather_than_park() -> None:
    consumer = mandate_consumer("events")
    assert (consumer.name, consumer.topics, consumer.authority) == ("events-authority", (MANDATES.name,), True)


@pytest.mark.parametrize("count", [1, 500])
async def test_a_set_is_written_whole(chassis_database: Database, count: int) -> None:
    mandates = [uuid4() for _ in range(count)]
    await apply(chassis_database, [granted(m) for m in mandates] + [linked(m, f"s-{m}") for m in mandates])
    async with chassis_database.transaction() as session:
        assert await holds(session, f"s-{mandates[-1]}", "secretariat", NETWORK)
