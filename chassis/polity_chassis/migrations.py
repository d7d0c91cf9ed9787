"""Each service's schema, by Alembic: one upgrade at a time, and none that waits long for a lock.

Old code still runs while a migration runs and for a while after it: see the template `script.py.mako`.
"""

import logging
from importlib import resources
from typing import Any

from alembic import command, context
from alembic.config import Config
from alembic.operations import Operations
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from polity_chassis.tables import chassis_metadata

LOCK_TIMEOUT = "5s"
STATEMENT_TIMEOUT = "60s"
_ONE_AT_A_TIME = 0x706F6C697479
"""The advisory lock of migrations ("polity" in ASCII)."""

log = logging.getLogger(__name__)


async def migrate(database_url: str, service_package: str) -> None:
    """Brings the database to the newest revision of `service_package`.migrations; concurrent calls wait in turn.

    Everything is one transaction. Raises the database's error when a lock is not had within LOCK_TIMEOUT or a
    statement takes longer than STATEMENT_TIMEOUT: nothing has changed then.
    """
    engine = create_async_engine(database_url, connect_args={"server_settings": {"application_name": "migrate"}})
    try:
        async with engine.begin() as connection:
            await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ONE_AT_A_TIME})
            await connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'"))
            await connection.execute(text(f"SET LOCAL statement_timeout = '{STATEMENT_TIMEOUT}'"))
            await connection.run_sync(_upgrade, service_package)
    finally:
        await engine.dispose()


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
    context.configure(connection=context.config.attributes["connection"], transactional_ddl=True)
    with context.begin_transaction():
        context.run_migrations()


def create_chassis_tables(op: Operations | Any) -> None:
    """Creates the chassis' tables; each service's first revision calls it."""
    chassis_metadata.create_all(op.get_bind(), checkfirst=False)
    for statement in _OUTBOX_EXTRAS:
        op.execute(statement)


_OUTBOX_EXTRAS = (
    # Rows live for milliseconds: vacuum by count, at once, and without the lock that truncation takes.
    """
    ALTER TABLE outbox SET (
      autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0,
      autovacuum_vacuum_insert_threshold = -1, autovacuum_analyze_scale_factor = 0,
      autovacuum_analyze_threshold = 1000000, vacuum_truncate = off, toast.vacuum_truncate = off
    )
    """,
    # The relay forgets a missing number once every transaction that could hold it has ended, so a transaction must
    # have its id before it takes a number. INSERT alone takes the number first.
    """
    CREATE FUNCTION outbox_transaction_id() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN PERFORM pg_current_xact_id(); RETURN NULL; END $$
    """,
    """
    CREATE TRIGGER outbox_transaction_id BEFORE INSERT ON outbox
    FOR EACH STATEMENT EXECUTE FUNCTION outbox_transaction_id()
    """,
)
