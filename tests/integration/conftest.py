"""No transaction of ours stays open across a network call, work in a thread, or another transaction.

Watched while the integration tests run, in their process: whoever calls out with a transaction open fails its test.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any

import aiohttp
import aiosmtplib
import httpx
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from polity_chassis.database.engine import Database

OURS = ("/chassis/polity_chassis/", "/services/")
CALLS = (
    (asyncio, "to_thread"),
    (httpx.AsyncClient, "send"),
    (aiohttp.ClientSession, "_request"),
    (aiosmtplib.SMTP, "execute_command"),
    (AIOKafkaProducer, "send"),
    (AIOKafkaProducer, "send_batch"),
    (AIOKafkaConsumer, "start"),
    (AIOKafkaConsumer, "getmany"),
    (AIOKafkaConsumer, "end_offsets"),
    (AIOKafkaAdminClient, "start"),
)
"""What leaves the process or takes a thread's time: the doors of every library that is used for it."""

_open: ContextVar[str | None] = ContextVar("open", default=None)


class Watch:
    """Notes what was done with a transaction open."""

    def __init__(self) -> None:
        self.faults: list[str] = []

    def note(self, what: str) -> None:
        if place := _open.get():
            self.faults.append(f"{what} within the transaction of {place}")
            raise AssertionError(self.faults[-1])

    def transactions(self, real: Callable[..., Any]) -> Callable[..., Any]:
        """Returns `Database.transaction` as it is, watched where our own code opens one."""

        @asynccontextmanager
        async def within(database: Database, place: str) -> AsyncIterator[Any]:
            self.note("another transaction")
            async with real(database) as session:
                before = _open.set(place)
                try:
                    yield session
                finally:
                    _open.reset(before)

        @wraps(real)
        def transaction(database: Database) -> Any:
            frame = sys._getframe(1)
            ours = any(folder in frame.f_code.co_filename for folder in OURS)
            return within(database, frame.f_code.co_qualname) if ours else real(database)

        return transaction

    def calls(self, real: Callable[..., Awaitable[Any]], name: str) -> Callable[..., Awaitable[Any]]:
        """Returns the call, which fails while a transaction of ours is open."""

        @wraps(real)
        async def call(*arguments: Any, **options: Any) -> Any:
            self.note(name)
            return await real(*arguments, **options)

        return call


@pytest.fixture(scope="session", autouse=True)
def _watch() -> Iterator[Watch]:
    watch = Watch()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Database, "transaction", watch.transactions(Database.transaction))
        for owner, name in CALLS:
            patch.setattr(owner, name, watch.calls(getattr(owner, name), f"{owner.__name__}.{name}"))
        yield watch


@pytest.fixture(autouse=True)
def transactions_stay_at_home(_watch: Watch) -> Iterator[Watch]:
    """Fails the test in which a transaction stayed open across what may take long."""
    yield _watch
    faults, _watch.faults = _watch.faults, []
    assert faults == []
