"""One service's database: transactions that commit, or roll back, and return their connection whatever happens.

Every wait for a connection or a lock is bounded; a caller that meets the bound is told to try again
(`database/errors.py`, `web/problem_mapping.py`).
"""

import asyncio
import copy
import socket
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import Any

from opentelemetry.instrumentation.utils import suppress_instrumentation
from sqlalchemy import event, text
from sqlalchemy.exc import InvalidatePoolError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_chassis.database.outbox_notify import OutboxNotifier

FACTS_ADDED = "polity.facts_added"
"""The mark in `AsyncSession.info` that asks for a notification of the relay after the commit."""

POOL_SECONDS = 3.0
"""How long a transaction waits until a connection is free for it."""
LOCK_MILLISECONDS = 1000
"""How long a statement waits for a lock that another transaction holds."""
KEEPALIVE_IDLE_SECONDS, KEEPALIVE_SECONDS, KEEPALIVES = 10, 5, 3
VANISHED_SECONDS = KEEPALIVE_IDLE_SECONDS + KEEPALIVE_SECONDS * KEEPALIVES
"""After so long without any sign of the peer's machine each side gives the connection up: 25 s."""
WATCH_SECONDS = 2.0
"""How long health and metrics wait for the database."""


class Database:
    """The pool of one service's database (`postgresql+asyncpg://…`), and two more connections for health and metrics.

    However many transactions wait for a locked row, a third of the pool is left to those that only read.
    """

    def __init__(self, url: str, *, application_name: str, pool_size: int = 10) -> None:
        self.url = url
        self.engine = _engine(url, application_name, pool_size, lock_timeout=LOCK_MILLISECONDS)
        watching = int(WATCH_SECONDS * 1000)
        self._watch = _engine(url, f"{application_name} watch", 2, lock_timeout=watching, statement_timeout=watching)
        self._notifier = OutboxNotifier(url)
        self._slots: AbstractAsyncContextManager[object] = _Slots(pool_size - pool_size // 3)
        self.reading = copy.copy(self)
        """The same for requests that only read: they may use all of the pool."""
        self.reading._slots = nullcontext()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """One transaction: commits on leaving, rolls back on an error or a cancellation.

        Notifies the relay after the commit if facts were added. Raises TimeoutError, or SQLAlchemy's, if no connection
        is free within POOL_SECONDS.
        """
        async with self._slots, AsyncSession(self.engine, expire_on_commit=False) as session:
            yield session
            await session.commit()
        if session.info.get(FACTS_ADDED):
            self._notifier.notify()

    def watch(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """Returns a connection that no request uses: for health, metrics and the liveness watch."""
        return self._watch.connect()

    async def ping(self) -> bool:
        """Returns whether the database answers within WATCH_SECONDS."""
        try:
            with suppress_instrumentation():
                async with asyncio.timeout(WATCH_SECONDS), self.watch() as connection:
                    await connection.execute(text("SELECT 1"))
        except (SQLAlchemyError, OSError, TimeoutError):
            return False
        return True

    async def close(self) -> None:
        """Closes every connection; open transactions fail."""
        await self._notifier.close()
        await self.engine.dispose()
        await self._watch.dispose()


class _Slots(asyncio.Semaphore):
    """Raises TimeoutError if no slot is free within POOL_SECONDS."""

    async def __aenter__(self) -> None:
        async with asyncio.timeout(POOL_SECONDS):
            await self.acquire()


def _engine(url: str, application_name: str, pool_size: int, **timeouts: int) -> AsyncEngine:
    """Returns the engine of a pool whose sessions have these time-outs, in milliseconds."""
    settings = {**_session_settings(application_name), **{name: str(limit) for name, limit in timeouts.items()}}
    engine = create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=POOL_SECONDS,
        connect_args={"timeout": 10, "server_settings": settings},
    )
    event.listen(engine.sync_engine, "connect", _notice_a_vanished_server)
    event.listen(engine.sync_engine, "checkout", _refuse_closed)
    return engine


def _session_settings(application_name: str) -> dict[str, str]:
    return {
        "application_name": application_name,
        # A stopped process must not keep a campaign locked for the others.
        "idle_in_transaction_session_timeout": "30s",
        # A request that was cancelled twice closes its socket only; its statement would keep its locks to the end.
        "client_connection_check_interval": "1s",
        # Nor may a machine that vanished, or a process that takes no more of its result.
        "tcp_user_timeout": f"{VANISHED_SECONDS}s",
        "tcp_keepalives_idle": str(KEEPALIVE_IDLE_SECONDS),
        "tcp_keepalives_interval": str(KEEPALIVE_SECONDS),
        "tcp_keepalives_count": str(KEEPALIVES),
        "jit": "off",
    }


def _notice_a_vanished_server(connection: Any, _record: Any) -> None:
    """Ends what waits for a server that is silent without a word: by itself asyncpg would wait for ever.

    Source of the options: tcp(7).
    """
    used = connection.driver_connection._transport.get_extra_info("socket")
    if used.family not in (socket.AF_INET, socket.AF_INET6):
        return
    used.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    options = {
        "TCP_KEEPIDLE": KEEPALIVE_IDLE_SECONDS,
        "TCP_KEEPINTVL": KEEPALIVE_SECONDS,
        "TCP_KEEPCNT": KEEPALIVES,
        "TCP_USER_TIMEOUT": VANISHED_SECONDS * 1000,
    }
    for name, value in options.items():
        # Systems other than Linux have some of them.
        if option := getattr(socket, name, None):
            used.setsockopt(socket.IPPROTO_TCP, option, value)


def _refuse_closed(connection: Any, _record: Any, _proxy: Any) -> None:
    """After a restart of the server every pooled socket is known to be closed: that needs no ping at each checkout."""
    if connection.driver_connection.is_closed():
        raise InvalidatePoolError
