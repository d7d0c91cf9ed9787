"""Migrates a service's schema by Alembic: one change at a time, none of which waits long for a lock.

Old code still runs while a migration runs and for a while after it: see the template `script.py.mako`.
"""

import asyncio
import logging
import re
import sys
from collections.abc import Sequence
from importlib import resources
from typing import Any

from alembic import command, context
from alembic.config import Config
from alembic.operations import Operations
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

LOCK_TIMEOUT = "5s"
STATEMENT_TIMEOUT = "60s"
RETRY_SECONDS = 0.2
_ONE_AT_A_TIME = 0x706F6C697479
"""The advisory lock for changing a database's tables ("polity" in ASCII)."""
_SESSION = {"application_name": "migrate", "lock_timeout": LOCK_TIMEOUT, "statement_timeout": STATEMENT_TIMEOUT}

log = logging.getLogger(__name__)


async def migrate(database_url: str, service_package: str) -> None:
    """Brings the database to the newest revision of `service_package`.migrations.

    Concurrent calls wait for each other, and for a rebuild that is under way.

    Each revision is a transaction of its own, so one may use `autocommit_block()` for an index made CONCURRENTLY.
    Raises the database's error if a lock is not granted within LOCK_TIMEOUT or a statement takes longer than
    STATEMENT_TIMEOUT: then the revision has changed nothing.
    """
    engine = create_async_engine(database_url, connect_args={"server_settings": _SESSION})
    try:
        async with engine.connect() as guard, engine.connect() as connection:
            await one_change_at_a_time(guard)
            await connection.run_sync(_upgrade, service_package)
    finally:
        await engine.dispose()


async def one_change_at_a_time(connection: AsyncConnection) -> None:
    """Waits for the lock under which tables are changed; it is held until the connection is closed."""
    await connection.execution_options(isolation_level="AUTOCOMMIT")
    # Waiting inside PostgreSQL would hold a snapshot, for which an index made CONCURRENTLY waits in its turn.
    attempt = text("SELECT pg_try_advisory_lock(:key)")
    if await connection.scalar(attempt, {"key": _ONE_AT_A_TIME}):
        return
    log.info("waiting for another migration or rebuild of this database")
    while not await connection.scalar(attempt, {"key": _ONE_AT_A_TIME}):  # noqa: ASYNC110
        await asyncio.sleep(RETRY_SECONDS)


def _upgrade(connection: Connection, service_package: str) -> None:
    config = _config(service_package)
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _config(service_package: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(resources.files(service_package) / "migrations"))
    return config


def run_revisions() -> None:
    """All that a service's `migrations/env.py` does: run the revisions on the connection that `migrate` opened."""
    connection = context.config.attributes["connection"]
    context.configure(connection=connection, transactional_ddl=True, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()


def create_chassis_tables(op: Operations | Any) -> None:
    """Creates the chassis' first tables; each service's first revision calls it."""
    _execute(op, "first_tables.sql")


def change_chassis_tables(op: Operations | Any) -> None:
    """Changes the chassis' tables to the second state; a later revision of each service calls it."""
    _execute(op, "second_tables.sql")


def _execute(op: Operations | Any, file: str) -> None:
    for statement in (resources.files(__package__) / file).read_text().split("\n\n"):
        op.execute(statement)


def main(argv: Sequence[str]) -> int:
    """Writes an empty revision: `python -m polity_chassis.database.migrations <service package> <what it does>`."""
    package, message = argv
    versions = resources.files(package) / "migrations" / "versions"
    numbers = [int(found[1]) for file in versions.iterdir() if (found := re.match(r"(\d{4})_", file.name))]
    command.revision(_config(package), message, rev_id=f"{max(numbers, default=0) + 1:04}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
