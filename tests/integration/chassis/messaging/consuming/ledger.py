"""A tiny service for the consumer's tests: it notes amounts under a key and refuses negative ones."""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from aiokafka import AIOKafkaProducer
from polity_chassis.clock import utc_now
from polity_chassis.database.engine import Database
from polity_chassis.database.tables import chassis_metadata
from polity_chassis.messaging.consuming.consumer import ConsumerRunner
from polity_chassis.messaging.consuming.records import Consumer, Handler, Received
from polity_contracts.envelope import Envelope, Fact, Visibility, encode_value, headers
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

LOG = f"test-ledger-{secrets.token_hex(4)}"
KEPT = f"test-kept-{secrets.token_hex(4)}"

EFFECTS = """
CREATE TABLE effect (
  place bigint GENERATED ALWAYS AS IDENTITY, key text NOT NULL, sequence bigint NOT NULL, kind text NOT NULL,
  amount int NOT NULL CHECK (amount >= 0)
)
"""


class Noted(Fact):
    type = "test.noted"
    topic = LOG
    visibility = Visibility.PUBLIC
    amount: int
    padding: str = ""


class Closed(Fact):
    type = "test.closed"
    topic = LOG
    visibility = Visibility.PUBLIC


class Ignored(Fact):
    type = "test.ignored"
    topic = LOG
    visibility = Visibility.PUBLIC


class Named(Fact):
    type = "test.named"
    topic = KEPT
    visibility = Visibility.PUBLIC
    amount: int


class Unnamed(Fact):
    type = "test.unnamed"
    topic = KEPT
    visibility = Visibility.PUBLIC
    tombstone = True


async def note(session: AsyncSession, facts: Sequence[Received[Any]]) -> None:
    """Writes one effect per fact; a negative amount breaks the table's rule."""
    await (await session.connection()).execute(
        text("""
        INSERT INTO effect (key, sequence, kind, amount)
        SELECT key, sequence, kind, amount
          FROM unnest(CAST(:key AS text[]), CAST(:sequence AS bigint[]), CAST(:kind AS text[]), CAST(:amount AS int[]))
            AS fact (key, sequence, kind, amount)
        """),
        {
            "key": [received.key for received in facts],
            "sequence": [received.sequence for received in facts],
            "kind": [type(received.fact).__name__ for received in facts],
            "amount": [getattr(received.fact, "amount", 0) for received in facts],
        },
    )


def ledger(name: str, topics: Sequence[str], *, authority: bool = False, handler: Handler = note) -> Consumer:
    """Returns the consumer of the tests under a name of its own."""
    handlers = dict.fromkeys((Noted, Closed, Named, Unnamed), handler)
    return Consumer(name, tuple(topics), handlers, authority=authority)


async def prepare(database: Database) -> None:
    """Creates the tables that a consumer needs, and the ledger's own."""
    async with database.engine.begin() as connection:
        await connection.run_sync(chassis_metadata.create_all)
        await connection.execute(text(EFFECTS))


def record(key: str, sequence: int, fact: Fact, **changed: Any) -> dict[str, Any]:
    """Returns what a producer sends for one fact; `headers`, `value` or `key` may be changed.

    The same number of a key is the same message, unless it has another `message_id`.
    """
    message_id = changed.pop("message_id", uuid5(NAMESPACE_OID, f"{key} {sequence}"))
    envelope = Envelope(message_id, "test", key, sequence, utc_now(), fact, changed.pop("traceparent", None))
    return {"key": key.encode(), "value": encode_value(fact), "headers": headers(envelope), **changed}


async def send(bootstrap: str, topic: str, records: Sequence[dict[str, Any]], *, partition: int | None = 0) -> None:
    """Appends the records in their order, to partition 0 unless said otherwise (None: by key)."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True)
    await producer.start()
    try:
        for sent in [await producer.send(topic, partition=partition, **each) for each in records]:
            await sent
    finally:
        await producer.stop()


class Running:
    """A consumer that runs as a task."""

    def __init__(self, runner: ConsumerRunner) -> None:
        self.runner = runner
        self.task = asyncio.create_task(runner.run())

    async def stop(self) -> None:
        """Cancels it and waits until it has ended."""
        self.task.cancel()
        await asyncio.wait({self.task})


async def until(condition: Callable[[], Awaitable[Any]], what: str, seconds: float = 60) -> Any:
    """Returns the condition's first true answer; fails after so many seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answer := await condition():
            return answer
        await asyncio.sleep(0.05)
    raise AssertionError(f"{what} did not come true within {seconds} s")
