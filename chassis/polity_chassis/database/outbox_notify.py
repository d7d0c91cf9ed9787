"""Wakes the relay: NOTIFY after commits, coalesced, on a connection of its own.

NOTIFY inside the writing transactions would serialise their commits (PostgreSQL takes one lock per cluster for it).
A lost notification costs one poll of the relay, so nothing here is retried.
"""

import asyncio
import contextlib
import logging
from contextvars import Context

import asyncpg
from opentelemetry.instrumentation.utils import suppress_instrumentation

from polity_chassis.database.urls import driver_url

CHANNEL = "polity_outbox"
QUIET_SECONDS = 0.003

log = logging.getLogger(__name__)


class OutboxNotifier:
    """Notifies at most once every QUIET_SECONDS, however many transactions commit."""

    def __init__(self, url: str) -> None:
        self._url = driver_url(url)
        self._wanted = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def notify(self) -> None:
        """Asks for a notification soon; returns at once and never fails."""
        self._wanted.set()
        if self._task is None or self._task.done():
            # Outside of the caller's context: it would stay in the trace of the first request.
            self._task = asyncio.create_task(self._run(), name="outbox notify", context=Context())

    async def close(self) -> None:
        """Ends the task and its connection."""
        if self._task is None:
            return
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    async def _run(self) -> None:
        with suppress_instrumentation():
            await self._connect_and_notify()

    async def _connect_and_notify(self) -> None:
        try:
            connection = await asyncpg.connect(
                self._url, timeout=5, command_timeout=5, server_settings={"application_name": "outbox notify"}
            )
        except (OSError, TimeoutError, asyncpg.PostgresError) as error:
            self._gave_up(error)
            return
        try:
            while True:
                await self._wanted.wait()
                self._wanted.clear()
                await connection.execute(f"NOTIFY {CHANNEL}")
                await asyncio.sleep(QUIET_SECONDS)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            self._gave_up(error)
        finally:
            connection.terminate()

    def _gave_up(self, error: Exception) -> None:
        # The next call starts again; until then the relay's own poll finds the rows.
        self._wanted.clear()
        log.warning("the relay could not be woken", extra={"error": type(error).__name__})
