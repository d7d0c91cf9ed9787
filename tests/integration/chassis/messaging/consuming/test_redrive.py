"""Parked messages: they hold their own key, let go in order, and are given up on record."""

from ledger import Closed, Named, Noted, Unnamed, record, until
from polity_chassis.clock import utc_now
from polity_chassis.messaging.consuming.parked_messages import empty_discards
from polity_chassis.messaging.consuming.redrive import discard_message, redrive_message
from polity_chassis.operations.rebuild import rebuild


async def _ids(world, key=None):
    found = await world.rows(
        """SELECT id FROM parked_message WHERE discarded_at IS NULL AND (CAST(:key AS text) IS NULL OR key = :key)
            ORDER BY sequence NULLS FIRST, "offset" """,
        key=key,
    )
    return [identity for (identity,) in found]


async def _give_up(world, identity):
    return await discard_message(
        world.database, world.consumer(), identity, by="operations", reason="broken at its source", at=utc_now()
    )


async def test_a_poisonous_fact_holds_its_own_key_and_no_other(world):
    await world.send(
        record("a", 1, Noted(amount=1)),
        record("a", 2, Noted(amount=-1)),
        record("b", 1, Noted(amount=1)),
        record("a", 3, Closed()),
        record("b", 2, Closed()),
        record("a", 4, Noted(amount=4)),
    )
    world.start()
    await world.read_to(6)
    await world.send(record("a", 5, Noted(amount=5)), record("b", 3, Noted(amount=3)))
    await world.read_to(8)

    assert await world.effects("a") == [1]
    assert await world.effects("b") == [1, 2, 3]
    assert await world.parked() == [(2, "failed"), (3, "behind"), (4, "behind"), (5, "behind")]
    assert "effect_amount_check" in (await world.rows("SELECT detail FROM parked_message WHERE sequence = 2"))[0][0]


async def test_a_redrive_applies_what_waited_in_its_order(world):
    await world.send(*(record("a", n, Noted(amount=-1 if n == 2 else n)) for n in range(1, 800)))
    world.start()
    await world.read_to(799)
    await world.do("ALTER TABLE effect DROP CONSTRAINT effect_amount_check")

    applied = await redrive_message(world.database, world.bootstrap, world.consumer(), (await _ids(world))[0])

    assert applied == 798
    assert await world.effects("a") == list(range(1, 800))
    assert await world.parked() == []
    await world.send(record("a", 800, Noted(amount=1)))
    await world.read_to(800)
    assert (await world.effects("a"))[-1] == 800


async def test_a_redrive_that_fails_again_changes_nothing_but_the_count(world):
    await world.send(record("a", 1, Noted(amount=-1)), record("a", 2, Noted(amount=2)))
    world.start()
    await world.read_to(2)

    applied = await redrive_message(world.database, world.bootstrap, world.consumer(), (await _ids(world))[1])

    assert applied == 0
    assert await world.parked() == [(1, "failed"), (2, "behind")]
    assert await world.rows("SELECT attempts FROM parked_message ORDER BY sequence") == [(2,), (1,)]


async def test_a_gap_waits_for_its_number_and_then_lets_go_of_itself(world):
    await world.send(record("a", 1, Noted(amount=1)), record("a", 3, Noted(amount=3)), record("a", 4, Noted(amount=4)))
    world.start()
    await world.read_to(3)
    assert await world.parked() == [(3, "gap"), (4, "behind")]

    await world.send(record("a", 2, Noted(amount=2)), record("a", 5, Noted(amount=5)))
    await world.read_to(5)

    assert await world.effects("a") == [1, 2, 3, 4, 5]
    assert await world.parked() == []


async def test_a_discard_is_recorded_and_the_rest_of_the_key_goes_on(world):
    await world.send(*(record("a", n, Noted(amount=-1 if n == 2 else n)) for n in range(1, 5)))
    world.start()
    await world.read_to(4)

    applied = await _give_up(world, (await _ids(world))[0])

    assert applied == 2
    assert await world.effects("a") == [1, 3, 4]
    assert await world.parked() == []
    kept = await world.rows(
        "SELECT sequence, discarded_by, discard_reason FROM parked_message WHERE discarded_at IS NOT NULL"
    )
    assert kept == [(2, "operations", "broken at its source")]
    await world.send(record("a", 5, Noted(amount=5)))
    await world.read_to(5)
    assert (await world.effects("a"))[-1] == 5


async def test_a_fact_given_up_behind_another_is_passed_over_in_its_turn(world):
    await world.send(*(record("a", n, Noted(amount=-1 if n == 1 else n)) for n in range(1, 5)))
    world.start()
    await world.read_to(4)

    assert await _give_up(world, (await _ids(world))[2]) == 0
    await world.do("ALTER TABLE effect DROP CONSTRAINT effect_amount_check")
    await redrive_message(world.database, world.bootstrap, world.consumer(), (await _ids(world))[0])

    assert await world.effects("a") == [1, 2, 4]


async def test_bytes_nobody_can_read_hold_their_key_until_they_are_given_up(world):
    nameless = record("a", 2, Noted(amount=2), headers=[("ce_sequence", b"\xff")])
    await world.send(record("a", 1, Noted(amount=1)), nameless, record("a", 3, Noted(amount=3)))
    world.start()
    await world.read_to(3)
    assert await world.parked("a") == [(None, "headers"), (3, "gap")]

    await _give_up(world, (await _ids(world, "a"))[0])

    assert await world.effects("a") == [1, 3]
    assert await world.parked() == []


async def test_an_unknown_version_is_read_after_the_upgrade(world, monkeypatch):
    newer = record("a", 1, Noted(amount=1))
    newer["headers"] = [(k, b"urn:polity:test.noted:2" if k == "ce_dataschema" else v) for k, v in newer["headers"]]
    bad = record("b", 1, Noted(amount=1), value=b'{"amount": ')
    await world.send(newer, bad, record("a", 2, Noted(amount=2)))
    world.start()
    await world.read_to(3)
    assert await world.parked("a") == [(1, "unknown_version"), (2, "behind")]
    assert await world.parked("b") == [(1, "data")]

    monkeypatch.setattr(Noted, "version", 2)
    await world.do(
        "UPDATE parked_message SET headers = replace(headers::text, :one, :two)::jsonb WHERE sequence = 2",
        one="dXJuOnBvbGl0eTp0ZXN0Lm5vdGVkOjE=",
        two="dXJuOnBvbGl0eTp0ZXN0Lm5vdGVkOjI=",
    )
    await redrive_message(world.database, world.bootstrap, world.consumer(), (await _ids(world, "a"))[0])

    assert await world.effects("a") == [1, 2]


async def test_a_key_that_cannot_be_read_parks_by_its_place_alone(world):
    await world.send(
        record("a", 1, Noted(amount=1)) | {"key": b"\xff\xfe"},
        record("a", 1, Noted(amount=1)) | {"key": None},
        record("a\0b", 1, Noted(amount=1)),
        record("k" * 3000, 1, Noted(amount=1)),
        record("a", 10**30, Noted(amount=1)),
        record("a", 1, Noted(amount=1)),
    )
    world.start()
    await world.read_to(6)

    assert await world.effects("a") == [1]
    assert await world.parked() == [(None, "key")] * 4 + [(None, "headers")]


async def test_on_a_compacted_topic_the_newer_record_replaces_a_parked_one(world):
    await world.keep(record("p", 3, Named(amount=-1)))
    world.start()
    await world.read_to(1, world.kept)
    assert await world.parked("p") == [(3, "failed")]
    ((detail, *data),) = await world.rows("SELECT detail, value, headers, raw_key FROM parked_message")
    assert data == [None, None, None]
    assert "23514" in detail
    assert "amount" not in detail

    await world.keep(record("p", 4, Named(amount=-1)))
    await world.read_to(2, world.kept)
    assert await world.parked("p") == [(4, "failed")]

    await world.keep(record("p", 9, Named(amount=9)), record("p", 8, Named(amount=8)))
    await world.read_to(4, world.kept)
    assert await world.effects("p") == [9]
    assert await world.parked("p") == []


async def test_on_a_compacted_topic_the_newer_record_of_the_same_batch_replaces_a_bad_one(world):
    await world.keep({**record("p", 1, Named(amount=1)), "value": b"{"}, record("p", 2, Named(amount=2)))
    world.start()
    await world.read_to(2, world.kept)

    assert await world.effects("p") == [2]
    assert await world.parked("p") == []


async def test_a_tombstone_deletes_what_was_parked_of_a_person(world):
    await world.keep(record("p", 1, Named(amount=-1)), record("q", 1, Named(amount=1)))
    world.start()
    await world.read_to(2, world.kept)

    await world.keep(record("p", 2, Unnamed()))
    await world.read_to(3, world.kept)

    assert await world.effects("p") == [2]
    assert await world.rows("SELECT count(*) FROM parked_message") == [(0,)]


async def test_a_parked_person_is_read_from_kafka_again(world):
    await world.keep(record("p", 1, Named(amount=-1)))
    world.start()
    await world.read_to(1, world.kept)
    kept = await world.rows("SELECT value, headers, raw_key FROM parked_message")
    assert kept == [(None, None, None)]
    await world.do("ALTER TABLE effect DROP CONSTRAINT effect_amount_check")

    applied = await redrive_message(world.database, world.bootstrap, world.consumer(), (await _ids(world))[0])

    assert applied == 1
    assert await world.effects("p") == [1]
    assert await world.parked() == []


async def test_an_authority_halts_at_what_it_cannot_apply_and_goes_on_after_a_discard(world):
    await world.send(*(record("a", n, Noted(amount=-1 if n == 2 else n)) for n in range(1, 4)))
    await world.send(record("b", 1, Noted(amount=1)), partition=1)
    running = world.start(world.consumer(authority=True))

    async def halted():
        return (running.runner.waiting_for or "").startswith("authority") and await world.parked()

    assert await until(halted, "the halt") == [(2, "failed")]
    await world.read_to(1, partition=0)
    await world.read_to(1, partition=1)
    assert await world.effects("a") == [1]

    await _give_up(world, (await _ids(world))[0])

    await world.read_to(3)
    assert await world.effects("a") == [1, 3]


async def test_what_was_given_up_long_ago_is_emptied_and_still_given_up_by_a_rebuild(world):
    await world.send(
        record("a", 1, Noted(amount=-1)), record("b", 1, Noted(amount=-1)), record("a", 2, Noted(amount=2))
    )
    world.start()
    await world.read_to(3)
    for identity in await _ids(world, "a"):
        await _give_up(world, identity)
    await _give_up(world, (await _ids(world, "b"))[0])
    await world.do("UPDATE parked_message SET discarded_at = discarded_at - interval '91 days' WHERE key = 'a'")

    async with world.database.transaction() as session:
        assert [await empty_discards(session), await empty_discards(session)] == [1, 0]

    left = "SELECT key, num_nonnulls(raw_key, value, headers), detail <> '', discard_reason FROM parked_message"
    assert sorted(await world.rows(left)) == [
        ("a", 0, False, "broken at its source"),
        ("b", 3, True, "broken at its source"),
    ]
    await rebuild(world.database.url, world.bootstrap, world.consumer(), ["effect"])
    assert await world.effects("a") == [2]
    assert await world.parked() == []
