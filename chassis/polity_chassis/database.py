"""One service's database: transactions that commit, roll back and give their connection back whatever happens."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from opentelemetry.instrumentation.utils import suppress_instrumentation
from sqlalchemy import event, text
from sqlalchemy.exc import InvalidatePoolError, SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_chassis.bell import Bell

FACTS_ADDED = "polity.facts_added"
"""The mark in `AsyncSession.info` that asks for a ring after the commit."""


class Database:
    """The pool of one service's database (`postgresql+asyncpg://…`)."""

    def __init__(self, url: str, *, application_name: str, pool_size: int = 10) -> None:
        self.url = url
        self.engine = create_async_engine(
            url,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=10,
            connect_args={"timeout": 10, "server_settings": _session_settings(application_name)},
        )
        event.listen(self.engine.sync_engine, "checkout", _refuse_closed)
        self._bell = Bell(url)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """One transaction: commits on leaving, rolls back on an error or a cancellation.

        Rings the relay's bell once the commit is done if facts were added.
        """
        async with AsyncSession(self.engine, expire_on_commit=False) as session:
            yield session
            await session.commit()
        if session.info.get(FACTS_ADDED):
            self._bell.ring()

    async def ping(self) -> bool:
        """Returns whether the database answers within two seconds."""
        try:
            with suppress_instrumentation():
                async with asyncio.timeout(2), self.engine.connect() as connection:
                    await connection.execute(text("SELECT 1"))
        except (SQLAlchemyError, OSError, TimeoutError):
            return False
        return True

    async def close(self) -> None:
        """Closes every connection; transactions that are still open fail."""
        await self._bell.close()
        await self.engine.dispose()


def _session_settings(application_name: str) -> dict[str, str]:
    return {
        "application_name": application_name,
        # A stopped process must not keep a campaign locked for the others.
        "idle_in_transaction_session_timeout": "30s",
        # A request that was cancelled twice hangs up without a word; its statement would keep its locks to the end.
        "client_connection_check_interval": "1s",
        "jit": "off",
    }


def _refuse_closed(connection: Any, _record: Any, _proxy: Any) -> None:
    """After a restart of the server every pooled socket is known to be closed: that needs no ping at each checkout."""
    if connection.driver_connection.is_closed():
        raise InvalidatePoolError
