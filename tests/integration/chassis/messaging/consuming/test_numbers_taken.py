"""A number that its owner gave twice, to two messages: the second is parked loudly and holds nothing."""

from uuid import uuid4

import pytest
from ledger import Named, Noted, record
from polity_chassis.clock import utc_now
from polity_chassis.messaging.consuming.redrive import discard_message, redrive_message
from polity_chassis.operations.rebuild import rebuild


def another(key, sequence, fact):
    return record(key, sequence, fact, message_id=uuid4())


async def _only(world):
    ((identity, reason),) = await world.rows("SELECT id, reason FROM parked_message WHERE discarded_at IS NULL")
    assert reason == "number_taken"
    return identity


@pytest.mark.parametrize("together", [True, False], ids=["in one batch", "in two"])
async def test_another_message_with_the_last_number_is_parked_and_the_next_go_on(world, together):
    await world.send(record("a", 1, Noted(amount=1)), record("a", 2, Noted(amount=2)))
    if not together:
        world.start()
        await world.read_to(2)
    await world.send(another("a", 2, Noted(amount=20)), record("a", 3, Noted(amount=3)))
    if together:
        world.start()
    await world.read_to(4)

    assert await world.rows("SELECT amount FROM effect ORDER BY place") == [(1,), (2,), (3,)]
    assert await world.parked() == [(2, "number_taken")]


async def test_the_same_message_once_more_is_a_repetition(world):
    await world.send(record("a", 1, Noted(amount=1)), record("a", 1, Noted(amount=1)))
    world.start()
    await world.read_to(2)
    await world.send(record("a", 1, Noted(amount=1)))
    await world.read_to(3)

    assert await world.effects("a") == [1]
    assert await world.parked() == []


async def test_it_is_applied_by_itself_when_an_operator_says_so(world):
    await world.send(
        record("a", 1, Noted(amount=1)), another("a", 1, Noted(amount=10)), record("a", 2, Noted(amount=2))
    )
    world.start()
    await world.read_to(3)

    assert await redrive_message(world.database, world.bootstrap, world.consumer(), await _only(world)) == 1

    assert await world.rows("SELECT amount FROM effect ORDER BY place") == [(1,), (2,), (10,)]
    assert await world.parked() == []
    await world.send(record("a", 3, Noted(amount=3)))
    await world.read_to(4)
    assert await world.effects("a") == [1, 2, 1, 3]


async def test_one_that_fails_then_stays_parked_under_its_reason_and_holds_nothing(world):
    await world.send(record("a", 1, Noted(amount=1)), another("a", 1, Noted(amount=-1)))
    world.start()
    await world.read_to(2)

    assert await redrive_message(world.database, world.bootstrap, world.consumer(), await _only(world)) == 0

    await _only(world)
    assert await world.rows("SELECT attempts, detail LIKE '%effect_amount_check%' FROM parked_message") == [(2, True)]
    await world.send(record("a", 2, Noted(amount=2)))
    await world.read_to(3)
    assert await world.effects("a") == [1, 2]


async def test_given_up_it_takes_the_first_message_of_its_number_with_it_in_no_rebuild(world):
    await world.send(
        record("a", 1, Noted(amount=1)), another("a", 1, Noted(amount=10)), record("a", 2, Noted(amount=2))
    )
    world.start()
    await world.read_to(3)
    identity, now = await _only(world), utc_now()
    assert (
        await discard_message(world.database, world.consumer(), identity, by="me", reason="lost in a restore", at=now)
        == 0
    )

    await rebuild(world.database.url, world.bootstrap, world.consumer(), ["effect"])

    assert await world.rows("SELECT amount FROM effect ORDER BY sequence") == [(1,), (2,)]
    assert await world.parked() == []
    await world.send(another("a", 2, Noted(amount=20)))
    await world.read_to(4)
    assert await world.parked() == [(2, "number_taken")]


async def test_of_a_compacted_topic_it_is_parked_without_its_data(world):
    await world.keep(record("p", 1, Named(amount=1)), another("p", 1, Named(amount=10)))
    world.start()
    await world.read_to(2, world.kept)

    assert await world.rows("SELECT reason, value, headers FROM parked_message") == [("number_taken", None, None)]
    assert await redrive_message(world.database, world.bootstrap, world.consumer(), await _only(world)) == 1
    assert await world.rows("SELECT amount FROM effect ORDER BY place") == [(1,), (10,)]
