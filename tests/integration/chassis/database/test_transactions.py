"""Transactions give back what they hold, whatever ends them."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import anyio
import asyncpg
import pytest
import pytest_asyncio
from polity_chassis.database.engine import Database
from polity_chassis.database.errors import is_infrastructure, is_locked
from polity_chassis.database.urls import driver_url
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Field, SQLModel


@pytest_asyncio.fixture
async def database(postgres: Any) -> AsyncIterator[Database]:
    database = Database(await postgres.create_database("database"), application_name="transactions", pool_size=3)
    yield database
    await database.close()


async def execute(database: Database, *statements: str) -> Any:
    async with database.transaction() as session:
        connection = await session.connection()
        for statement in statements:
            result = await connection.execute(text(statement))
        return result.scalar() if result.returns_rows else None


OURS = "FROM pg_stat_activity WHERE application_name = 'transactions' AND datname = current_database()"
SESSIONS = f"SELECT count(*) {OURS}"
BUSY = f"{SESSIONS} AND state <> 'idle'"


@pytest.mark.parametrize("library", ["asyncio", "anyio"])
@pytest.mark.parametrize("statement", ["SELECT pg_sleep(60)", "LOCK TABLE held", "SELECT 1"])
async def test_a_cancelled_transaction_gives_back_its_connection_and_its_locks(
    database: Database, statement: str, library: str
) -> None:
    """sqlalchemy/sqlalchemy#12077: a cancelled request leaked its connection, with the locks it held."""
    await execute(database, "CREATE TABLE held (id int)", "INSERT INTO held VALUES (1)")

    async def work() -> None:
        async with database.transaction() as session:
            connection = await session.connection()
            await connection.execute(text("SELECT * FROM held FOR UPDATE"))
            await connection.execute(text(statement))
            await asyncio.sleep(60)

    for _ in range(10):
        await (_cancelled_by_anyio(work) if library == "anyio" else _cancelled_by_asyncio(work))
    async with asyncio.timeout(20):
        while database.engine.pool.checkedout():  # type: ignore[attr-defined]  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        assert await execute(database, "SELECT id FROM held FOR UPDATE") == 1
    watcher = await asyncpg.connect(driver_url(database.url))
    try:
        await _until_none(watcher, BUSY)
        assert await watcher.fetchval(SESSIONS) <= 3
    finally:
        await watcher.close()


async def _until_none(connection: asyncpg.Connection, question: str) -> None:
    async with asyncio.timeout(20):
        while await connection.fetchval(question):  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def _cancelled_by_asyncio(work: Any) -> None:
    tasks = [asyncio.create_task(work()) for _ in range(3)]
    await asyncio.sleep(0.05)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _cancelled_by_anyio(work: Any) -> None:
    """Cancels as Starlette does: again at every step until the task has ended."""
    async with anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(work)
        await asyncio.sleep(0.05)
        group.cancel_scope.cancel()


async def test_a_failed_transaction_is_rolled_back(database: Database) -> None:
    await execute(database, "CREATE TABLE kept (id int)")

    async def fail() -> None:
        async with database.transaction() as session:
            await (await session.connection()).execute(text("INSERT INTO kept VALUES (1)"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await execute(database, "SELECT count(*) FROM kept") == 0


class Kept(SQLModel, table=True):
    __tablename__ = "kept_row"

    id: int = Field(primary_key=True)
    name: str


async def test_a_row_is_read_after_its_transaction_without_asking_again(database: Database) -> None:
    """An expired attribute would ask the database outside of a greenlet: MissingGreenlet."""
    await execute(
        database, "CREATE TABLE kept_row (id int PRIMARY KEY, name text)", "INSERT INTO kept_row VALUES (1, 'a')"
    )
    async with database.transaction() as session:
        row = await session.get_one(Kept, 1)
        row.name = "b"
    assert (row.id, row.name) == (1, "b")
    assert await execute(database, "SELECT name FROM kept_row") == "b"


async def test_connections_that_the_server_ended_are_replaced_before_use(database: Database) -> None:
    await asyncio.gather(*(execute(database, "SELECT pg_sleep(0.05)") for _ in range(3)))
    ending = await asyncpg.connect(driver_url(database.url))
    await ending.execute(f"SELECT pg_terminate_backend(pid) {OURS}")
    await _until_none(ending, SESSIONS)
    await ending.close()
    assert await asyncio.gather(*(execute(database, "SELECT 1") for _ in range(3))) == [1, 1, 1]


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT FROM wanted WHERE id = 1 FOR UPDATE",
        "UPDATE wanted SET id = 3 WHERE id = 1",
        "INSERT INTO wanted VALUES (2) ON CONFLICT DO NOTHING",
        "INSERT INTO referring VALUES (1)",
        "LOCK TABLE wanted",
        "SELECT pg_advisory_xact_lock(1)",
    ],
)
async def test_a_wait_for_any_lock_ends(database: Database, statement: str) -> None:
    create = "CREATE TABLE wanted (id int PRIMARY KEY)", "CREATE TABLE referring (id int REFERENCES wanted)"
    await execute(database, *create, "INSERT INTO wanted VALUES (1)")
    async with database.transaction() as session:
        connection = await session.connection()
        for hold in (
            "SELECT FROM wanted FOR UPDATE",
            "INSERT INTO wanted VALUES (2)",
            "SELECT pg_advisory_xact_lock(1)",
        ):
            await connection.execute(text(hold))
        async with asyncio.timeout(20):
            with pytest.raises(DBAPIError) as locked:
                await execute(database, statement)
    assert is_locked(locked.value)
    assert is_infrastructure(locked.value)
    await execute(database, statement)


async def test_who_only_reads_needs_no_turn_of_those_who_wait(database: Database) -> None:
    await execute(database, "CREATE TABLE held (id int)", "INSERT INTO held VALUES (1)")
    go_on = asyncio.Event()

    async def hold() -> None:
        async with database.transaction() as session:
            await session.connection()
            await go_on.wait()

    holding = [asyncio.create_task(hold()) for _ in range(2)]
    waiting = [asyncio.create_task(execute(database, "UPDATE held SET id = 2")) for _ in range(20)]
    for _ in range(5):
        async with asyncio.timeout(20):
            assert await execute(database.reading, "SELECT id FROM held") == 1
            assert await database.ping()
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {TimeoutError}
    assert all(is_infrastructure(outcome) for outcome in outcomes if isinstance(outcome, Exception))
    go_on.set()
    await asyncio.gather(*holding)
    await execute(database, "UPDATE held SET id = 2")


async def test_health_and_metrics_have_connections_of_their_own(database: Database) -> None:
    async with database.engine.connect(), database.engine.connect(), database.engine.connect():
        async with asyncio.timeout(20):
            assert await database.ping()
        async with asyncio.timeout(20), database.watch() as connection:
            assert await connection.scalar(text("SELECT 1")) == 1


async def test_a_database_that_is_away_is_not_there(database: Database) -> None:
    absent = Database("postgresql+asyncpg://nobody:x@127.0.0.1:1/none", application_name="absent")
    assert await database.ping() is True
    assert await absent.ping() is False
    await absent.close()
