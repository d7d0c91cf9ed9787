"""Migrations: one at a time, whole or not at all, without waiting long for anybody's lock."""

import asyncio
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.util import CommandError
from polity_chassis.database.migrations import main, migrate
from polity_chassis.database.tables import chassis_metadata
from polity_chassis.database.urls import driver_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

ENV = "from polity_chassis.database.migrations import run_revisions\n\nrun_revisions()\n"
TEMPLATE = "revision = ${repr(up_revision)}\ndown_revision = ${repr(down_revision)}\n\ndef upgrade():\n    pass\n"
REVISION = """
from alembic import op
from polity_chassis.database.migrations import change_chassis_tables, create_chassis_tables
revision, down_revision = {number!r}, {previous!r}

def upgrade():
    {steps}
"""

Package = Callable[..., str]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Package:
    """Makes a service's package of these revisions, each given by its statements."""
    monkeypatch.syspath_prepend(str(tmp_path))
    name = "polity_" + re.sub(r"\W", "_", request.node.name)

    def make(*revisions: str) -> str:
        folder = tmp_path / name / "migrations"
        (folder / "versions").mkdir(parents=True, exist_ok=True)
        (tmp_path / name / "__init__.py").touch()
        (folder / "env.py").write_text(ENV)
        (folder / "script.py.mako").write_text(TEMPLATE)
        for number, steps in enumerate(revisions, 1):
            previous = f"{number - 1:04}" if number > 1 else None
            source = REVISION.format(number=f"{number:04}", previous=previous, steps=steps)
            (folder / "versions" / f"{number:04}_step.py").write_text(source)
        return name

    yield make
    sys.modules.pop(name, None)


async def fetch(url: str, question: str) -> Any:
    connection = await asyncpg.connect(driver_url(url))
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


async def test_the_tables_are_those_that_the_code_knows(postgres: Any, package: Package) -> None:
    url = await postgres.create_database("migrations")
    await migrate(url, package("create_chassis_tables(op)", "change_chassis_tables(op)"))
    engine = create_async_engine(url)
    async with engine.connect() as connection:
        differences = await connection.run_sync(
            lambda sync: compare_metadata(
                MigrationContext.configure(sync, opts={"compare_type": True, "compare_server_default": True}),
                chassis_metadata,
            )
        )
    await engine.dispose()
    assert [difference for difference in differences if difference[0] != "remove_table"] == []


async def test_migrations_started_at_once_wait_in_turn(postgres: Any, package: Package) -> None:
    url = await postgres.create_database("migrations")
    name = package('op.execute("CREATE TABLE once (id int)"); op.execute("SELECT pg_sleep(0.3)")')
    await asyncio.gather(*(migrate(url, name) for _ in range(4)))
    assert await fetch(url, "SELECT version_num FROM alembic_version") == "0001"


async def test_a_failing_revision_leaves_nothing_behind(postgres: Any, package: Package) -> None:
    url = await postgres.create_database("migrations")
    name = package('op.execute("CREATE TABLE kept (id int)")', 'op.execute("CREATE TABLE gone (id int)"); 1 / 0')
    with pytest.raises(ZeroDivisionError):
        await migrate(url, name)
    assert await fetch(url, "SELECT to_regclass('kept') IS NOT NULL AND to_regclass('gone') IS NULL")
    assert await fetch(url, "SELECT version_num FROM alembic_version") == "0001"


async def test_a_lock_that_is_not_had_soon_is_given_up(postgres: Any, package: Package) -> None:
    url = await postgres.create_database("migrations")
    name = package('op.execute("CREATE TABLE busy (id int)")')
    await migrate(url, name)
    package('op.execute("CREATE TABLE busy (id int)")', 'op.execute("ALTER TABLE busy ADD COLUMN more int")')
    reader = await asyncpg.connect(driver_url(url))
    async with reader.transaction():
        await reader.execute("SELECT * FROM busy")
        with pytest.raises(DBAPIError, match="lock timeout"):
            await migrate(url, name)
    await reader.close()
    await migrate(url, name)
    assert await fetch(url, "SELECT version_num FROM alembic_version") == "0002"


async def test_an_index_may_be_made_without_locking_its_table(postgres: Any, package: Package) -> None:
    url = await postgres.create_database("migrations")
    block = "with op.get_context().autocommit_block(): op.execute('CREATE INDEX CONCURRENTLY late_id ON late (id)')"
    name = package('op.execute("CREATE TABLE late (id int)")', block)
    await asyncio.gather(*(migrate(url, name) for _ in range(3)))
    assert await fetch(url, "SELECT to_regclass('late_id') IS NOT NULL")


async def test_a_new_revision_follows_the_last(postgres: Any, package: Package) -> None:
    name = package("create_chassis_tables(op)")
    assert main([name, "Add the second"]) == 0
    url = await postgres.create_database("migrations")
    await migrate(url, name)
    assert await fetch(url, "SELECT version_num FROM alembic_version") == "0002"


async def test_a_package_without_migrations_is_told(postgres: Any) -> None:
    with pytest.raises(CommandError):
        await migrate(await postgres.create_database("migrations"), "polity_contracts")
