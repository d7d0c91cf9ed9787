"""A database that was restored from a backup: what was published since is found, and no number is given twice."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaProducer
from polity_chassis.clock import utc_now
from polity_chassis.database.engine import Database
from polity_chassis.database.errors import is_infrastructure
from polity_chassis.messaging.publishing.outbox import Outgoing, add_outgoing
from polity_chassis.messaging.publishing.restore_check import compare
from polity_chassis.operations.orphans import Orphan, settle
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel.ext.asyncio.session import AsyncSession

NEXT = text("UPDATE thing SET fact_sequence = fact_sequence + 1 WHERE id = :id RETURNING fact_sequence")


class Owner:
    """A service that numbers its facts in the table `thing`, and whose database can be set back to a backup."""

    def __init__(self, outbox: Any, copy: Callable[[str], Awaitable[str]]) -> None:
        self.outbox, self._copy = outbox, copy
        self.aggregates = {outbox.topic: ["thing"]}

    async def publish(self, key: UUID, *, relayed: bool = True) -> int:
        """Publishes the key's next fact and returns its number."""
        async with self.outbox.database.transaction() as session:
            connection = await session.connection()
            await connection.execute(text("INSERT INTO thing VALUES (:id, 0) ON CONFLICT DO NOTHING"), {"id": key})
            sequence = int((await connection.execute(NEXT, {"id": key})).scalar_one())
            await add_outgoing(session, [self.outbox.outgoing(key, sequence)], occurred_at=utc_now())
        if relayed:
            await self.outbox.drained()
        return sequence

    async def back_up(self) -> Callable[[], Awaitable[None]]:
        """Returns how to restore the database as it is now: a copy that the server knows nothing of."""
        url = await self._copy(self.outbox.database.url)

        async def restore() -> None:
            await self.outbox.database.close()
            self.outbox.database = Database(url, application_name="test", pool_size=20)

        return restore

    @asynccontextmanager
    async def relaying(self) -> AsyncIterator[Any]:
        async with self.outbox.relaying(self.aggregates) as relay:
            yield relay

    async def waiting(self) -> list[tuple[str, int]]:
        async with self.outbox.connected() as connection:
            rows = await connection.fetch("SELECT key, sequence FROM orphan WHERE settled_at IS NULL ORDER BY 1, 2")
        return [tuple(row) for row in rows]

    async def compared(self) -> int:
        async with self.outbox.connected() as connection:
            return await compare(connection, self.outbox.bootstrap, self.aggregates, lambda: None)

    async def settled(self, way: Any = None) -> int:
        async def nothing(_session: AsyncSession, _orphans: Any, _now: datetime) -> None:
            pass

        return await settle(
            self.outbox.database, self.aggregates, way or nothing, by="op", reason="known", at=utc_now()
        )


@pytest_asyncio.fixture
async def owner(outbox: Any, postgres: Any) -> AsyncIterator[Owner]:
    async with outbox.connected() as connection:
        await connection.execute("CREATE TABLE thing (id uuid PRIMARY KEY, fact_sequence bigint NOT NULL)")

    async def copy(url: str) -> str:
        await outbox.database.close()
        return str(await postgres.copy_database(url))

    yield Owner(outbox, copy)


async def test_three_facts_after_the_backup_are_listed_and_settled_and_three_new_ones_have_their_own_numbers(
    owner: Owner,
) -> None:
    known, new = uuid4(), uuid4()
    async with owner.relaying():
        assert [await owner.publish(known) for _ in range(2)] == [1, 2]
    restore = await owner.back_up()
    async with owner.relaying():
        assert [await owner.publish(known), await owner.publish(known), await owner.publish(new)] == [3, 4, 1]
    await restore()

    async with owner.relaying():
        await owner.outbox.until(owner.waiting)
        assert await owner.waiting() == sorted([(str(known), 3), (str(known), 4), (str(new), 1)])
        with pytest.raises(DBAPIError, match="not yet compared") as refused:
            await owner.publish(known)
        assert is_infrastructure(refused.value)
        assert await owner.settled() == 3
        assert await owner.waiting() == []
        other = uuid4()
        assert [await owner.publish(known), await owner.publish(known), await owner.publish(other)] == [5, 6, 1]

    assert owner.outbox.sequences(await owner.outbox.published(8)) == {
        str(known): [1, 2, 3, 4, 5, 6],
        str(new): [1],
        str(other): [1],
    }


async def test_a_restored_database_takes_no_fact_before_it_was_compared(owner: Owner) -> None:
    key = uuid4()
    async with owner.relaying():
        await owner.publish(key)
    await (await owner.back_up())()
    with pytest.raises(DBAPIError, match="not yet compared"):
        await owner.publish(key, relayed=False)
    assert await owner.compared() == 0
    assert await owner.publish(key, relayed=False) == 2


@pytest.mark.parametrize("loading", ["DELETE FROM restore_check", "TRUNCATE restore_check"])
async def test_a_dump_loaded_over_the_same_database_is_found_out(owner: Owner, loading: str) -> None:
    async with owner.outbox.connected() as connection:
        (mark,) = await connection.fetchrow("SELECT written_as FROM restore_check")
        await connection.execute(loading)
        await connection.execute("INSERT INTO restore_check (written_as) VALUES ($1)", mark)
    with pytest.raises(DBAPIError, match="not yet compared"):
        await owner.publish(uuid4(), relayed=False)


async def test_a_start_reads_only_what_is_not_known_to_be_acknowledged(owner: Owner) -> None:
    keys = [uuid4() for _ in range(30)]
    async with owner.relaying(), owner.outbox.connected() as connection:
        for key in keys:
            await owner.publish(key, relayed=False)
        await owner.outbox.drained()

        async def noted() -> bool:
            return await connection.fetchval("SELECT sum(next_offset) FROM relay_position") == len(keys)

        await owner.outbox.until(noted)
        # Were they read again, they would be facts of which this database knows nothing.
        await connection.execute("DELETE FROM thing")
    assert await owner.compared() == 0


async def test_what_was_sent_and_not_yet_deleted_is_no_orphan(owner: Owner) -> None:
    key = uuid4()
    async with owner.relaying():
        await owner.publish(key)
        async with owner.outbox.connected() as connection:
            # As after a crash that undid the relay's last deletions and notes.
            await connection.execute("DELETE FROM relay_position")
    assert await owner.compared() == 0


async def test_orphans_are_found_once_and_settled_ones_never_again(owner: Owner) -> None:
    key, gone = uuid4(), uuid4()
    async with owner.relaying():
        await owner.publish(key)
    restore = await owner.back_up()
    async with owner.relaying():
        await owner.publish(key)
        await owner.publish(gone)
    await restore()

    async def take_back(session: AsyncSession, orphans: list[Orphan], now: datetime) -> None:
        ends = [Outgoing(each.key, each.sequence + 1, owner.outbox.fact()) for each in orphans if each.key == gone]
        await add_outgoing(session, ends, occurred_at=now)

    assert [await owner.compared(), await owner.compared()] == [2, 2]
    assert [await owner.settled(take_back), await owner.settled(take_back)] == [2, 0]
    async with owner.relaying():
        await owner.outbox.drained()
    async with owner.outbox.connected() as connection:
        await connection.execute("DELETE FROM relay_position")
    assert await owner.compared() == 0


async def test_what_is_no_fact_of_ours_is_passed_over(owner: Owner, kafka: Any) -> None:
    async with AIOKafkaProducer(bootstrap_servers=kafka.bootstrap) as producer:
        for headers in ([], [("ce_sequence", b"\xff")], [("ce_sequence", None)]):
            await producer.send_and_wait(owner.outbox.topic, b"?", key=str(uuid4()).encode(), headers=headers)
        await producer.send_and_wait(owner.outbox.topic, b"?", key=b"not an id", headers=[("ce_sequence", b"9")])
    assert await owner.compared() == 0
