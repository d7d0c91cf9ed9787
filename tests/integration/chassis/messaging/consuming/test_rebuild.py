"""A projection filled anew equals the living one, honours what was given up and is taken over in one step."""

import asyncio

import pytest
from ledger import Closed, Noted, note, record, until
from polity_chassis.clock import utc_now
from polity_chassis.database.migrations import migrate, one_change_at_a_time
from polity_chassis.database.shadow import NotRebuildable, StructureChanged
from polity_chassis.messaging.consuming.redrive import discard_message
from polity_chassis.operations.rebuild import rebuild
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

HASH = """
SELECT count(*), md5(string_agg(row(key, sequence, kind, amount)::text, ',' ORDER BY key, sequence)) FROM effect
"""


async def _rebuild(world, consumer=None):
    return await rebuild(world.database.url, world.bootstrap, consumer or world.consumer(), ["effect"])


async def _indexes(world):
    return await world.rows("SELECT indexdef FROM pg_indexes WHERE tablename = 'effect' ORDER BY indexname")


async def test_a_rebuild_ends_in_the_same_table_and_honours_a_discard(world):
    await world.do("CREATE INDEX by_kind ON effect (kind, sequence)")
    await world.do("CREATE UNIQUE INDEX once ON effect (key, sequence)")
    for key in "abc":
        await world.send(*(record(key, n, Noted(amount=-1 if n == 5 else n)) for n in range(1, 300)), partition=None)
    live = world.start()

    async def settled():
        return (await world.rows("SELECT count(*) FROM inbox"))[0][0] == 3 and live.runner.lag() == 0

    await until(settled, "the end")
    for (identity,) in await world.rows("SELECT id FROM parked_message WHERE reason = 'failed' AND key <> 'c'"):
        await discard_message(world.database, world.consumer(), identity, by="me", reason="broken", at=utc_now())
    before, indexes, parked = await world.rows(HASH), await _indexes(world), await world.parked()
    assert before[0][0] == 298 * 2 + 4
    await world.do("UPDATE effect SET amount = 7")

    rebuilt = await _rebuild(world)

    assert rebuilt.records == 299 * 3
    assert await world.rows("SELECT sum(next_offset) FROM consumer_position") == [(299 * 3,)]
    assert await world.rows(HASH) == before
    assert await _indexes(world) == indexes
    assert await world.parked() == parked
    assert await world.rows("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'rebuild%'") == []

    await world.send(record("a", 300, Closed()), partition=None)

    async def followed():
        return (await world.effects("a"))[-1:] == [300]

    await until(followed, "the live consumer after the swap")
    assert len(await world.effects("a")) == 299


async def test_what_is_published_during_the_rebuild_is_applied_once(world):
    await world.send(*(record("a", n, Noted(amount=n)) for n in range(1, 50)))
    world.start()
    await world.read_to(49)
    sent = False

    async def note_and_send(session, facts):
        nonlocal sent
        if not sent:
            sent = True
            await world.send(*(record("a", n, Noted(amount=n)) for n in range(50, 100)))
        await note(session, facts)

    await _rebuild(world, world.consumer(handler=note_and_send))
    await world.send(record("a", 100, Noted(amount=100)))
    await world.read_to(100)

    assert await world.effects("a") == list(range(1, 101))


async def test_a_handler_that_writes_elsewhere_fails_and_nothing_has_changed(world):
    await world.do("CREATE TABLE mail (key text)")
    await world.send(record("a", 1, Noted(amount=1)))
    world.start()
    await world.read_to(1)

    async def note_and_mail(session, facts):
        await note(session, facts)
        await (await session.connection()).exec_driver_sql("INSERT INTO mail VALUES ('a')")

    with pytest.raises(DBAPIError, match="mail"):
        await _rebuild(world, world.consumer(handler=note_and_mail))

    assert await world.rows("SELECT count(*) FROM mail") == [(0,)]
    assert await world.effects("a") == [1]
    assert await world.rows("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'rebuild%'") == []


async def test_a_table_with_a_foreign_key_is_refused(world):
    await world.do("CREATE TABLE parent (key text PRIMARY KEY)")
    await world.do("ALTER TABLE effect ADD FOREIGN KEY (key) REFERENCES parent")

    with pytest.raises(NotRebuildable, match="effect"):
        await _rebuild(world)


CHANGES = {
    "a column": "ALTER TABLE effect ADD COLUMN more int",
    "a column's type": "ALTER TABLE effect ALTER COLUMN sequence TYPE int",
    "a default": "ALTER TABLE effect ALTER COLUMN kind SET DEFAULT 'none'",
    "what may be missing": "ALTER TABLE effect ALTER COLUMN kind DROP NOT NULL",
    "a constraint": "ALTER TABLE effect ADD CONSTRAINT small CHECK (amount < 1000)",
    "an index": "CREATE INDEX by_kind ON effect (kind)",
    "a trigger": "CREATE TRIGGER whenever BEFORE UPDATE ON effect FOR EACH ROW "
    "EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "a table of the chassis": "ALTER TABLE parked_message ADD COLUMN more int",
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
async def test_a_structure_changed_during_the_rebuild_is_kept_and_the_rebuild_given_up(world, change):
    await world.send(record("a", 1, Noted(amount=1)))
    world.start()
    await world.read_to(1)

    async def change_and_note(session, facts):
        await world.do(change)
        await note(session, facts)

    with pytest.raises(StructureChanged):
        await _rebuild(world, world.consumer(handler=change_and_note))

    await world.send(record("a", 2, Noted(amount=2)))
    await world.read_to(2)
    assert await world.effects("a") == [1, 2]
    assert await world.rows("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'rebuild%'") == []


async def test_a_rebuild_waits_for_a_migration(world, caplog):
    caplog.set_level("INFO", "polity_chassis.database.migrations")
    await world.send(record("a", 1, Noted(amount=1)))
    engine = create_async_engine(world.database.url)
    async with engine.connect() as migrating:
        await one_change_at_a_time(migrating)
        rebuilding = asyncio.create_task(_rebuild(world))

        async def waits():
            return "waiting for another" in caplog.text

        await until(waits, "the wait for the migration")
        assert await world.effects("a") == []
    await engine.dispose()
    assert (await rebuilding).records == 1
    assert await world.effects("a") == [1]


async def test_a_migration_waits_for_a_rebuild(world, caplog):
    caplog.set_level("INFO", "polity_chassis.database.migrations")
    await world.send(record("a", 1, Noted(amount=1)))
    migrating = None

    async def migrate_and_note(session, facts):
        nonlocal migrating
        migrating = migrating or asyncio.create_task(migrate(world.database.url, "polity_events"))

        async def waits():
            return "waiting for another" in caplog.text

        await until(waits, "the migration's wait")
        await note(session, facts)

    await _rebuild(world, world.consumer(handler=migrate_and_note))
    with pytest.raises(DBAPIError, match="already exists"):
        # This database has the tables of the chassis already, which the first revision makes.
        await migrating
