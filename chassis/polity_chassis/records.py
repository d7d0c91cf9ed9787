"""What a consumer is, and what one Kafka record says to it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

from polity_contracts.envelope import Fact, Unreadable, decode
from polity_contracts.facts import FACTS
from polity_contracts.topics import TOPICS
from sqlmodel.ext.asyncio.session import AsyncSession

F = TypeVar("F", bound=Fact)
Headers = Sequence[tuple[str, bytes | None]]
Place = tuple[str, str]
"""Topic and key: the scope within which order exists."""

MAX_KEY_LENGTH = 255
MAX_SEQUENCE = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Received(Generic[F]):
    """A fact as a handler gets it, with where it stood and who it belongs to."""

    fact: F
    key: str
    occurred_at: datetime
    id: UUID
    sequence: int
    topic: str
    partition: int
    offset: int
    traceparent: str | None


Handler = Callable[[AsyncSession, Sequence[Received[Any]]], Awaitable[None]]
"""Writes the effects of many facts of one type in the transaction it is given.

The facts of one key stand in their order and may be several; the order across keys means nothing. A handler has no
effect outside of the transaction. What it raises for a fact's own sake parks that fact.
"""


@dataclass(frozen=True)
class Consumer:
    """Reads whole topics for one purpose. `name` is its Kafka group and owns its positions and its inbox.

    A type without a handler is skipped. An `authority` consumer never parks: it halts.
    """

    name: str
    topics: tuple[str, ...]
    handlers: Mapping[type[Fact], Handler]
    authority: bool = False
    compacted: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        ended = {fact.topic for fact in self.handlers if fact.tombstone}
        kept = {topic.name for topic in TOPICS.values() if topic.compacted}
        object.__setattr__(self, "compacted", frozenset((ended | kept) & set(self.topics)))


class Record(Protocol):
    """One Kafka record, as aiokafka gives it."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Headers: ...


@dataclass(slots=True)
class Item:
    """One record as read: a fact to handle, a number to pass over (no `received`, no `reason`), or what is wrong."""

    record: Record
    key: str | None
    sequence: int | None
    received: Received[Any] | None = None
    reason: str | None = None
    detail: str = ""

    @property
    def place(self) -> Place | None:
        """Returns topic and key, None where the key can't be read."""
        return (self.record.topic, self.key) if self.key is not None else None

    def because(self, reason: str, detail: str = "") -> "Item":
        """Returns the item with the reason why it is parked."""
        return Item(self.record, self.key, self.sequence, self.received, reason, detail)


class Reader:
    """Reads records for one consumer."""

    def __init__(self, consumer: Consumer) -> None:
        self._handled = {fact.type: fact for fact in consumer.handlers}

    def read(self, record: Record) -> Item:
        """Returns the record's item; never raises, whatever the bytes are."""
        try:
            envelope = decode(record.key, record.value, record.headers, self._handled)
        except Unreadable as error:
            return self._unreadable(record, error)
        key, sequence = envelope.key, envelope.sequence
        if not _storable(key):
            return Item(record, None, None, reason="key", detail="not storable")
        if not 0 < sequence <= MAX_SEQUENCE or envelope.occurred_at.tzinfo is None:
            return Item(record, key, None, reason="headers", detail="sequence or time out of range")
        received = Received(
            envelope.fact,
            key,
            envelope.occurred_at,
            envelope.id,
            sequence,
            record.topic,
            record.partition,
            record.offset,
            envelope.traceparent,
        )
        return Item(record, key, sequence, received)

    def _unreadable(self, record: Record, error: Unreadable) -> Item:
        """Keeps what can be read: with its key and number the record holds its place in the key's order."""
        headers = dict(record.headers)
        key, sequence = _readable_key(record.key), _readable_sequence(headers.get("ce_sequence"))
        name = (headers.get("ce_type") or b"").decode("utf-8", "replace")
        if error.reason == "unknown_type" and name in FACTS and key is not None and sequence is not None:
            return Item(record, key, sequence)
        detail = str(error).removeprefix(error.reason).removeprefix(": ")
        return Item(record, key, sequence if key is not None else None, reason=error.reason, detail=detail)


def _storable(key: str) -> bool:
    """PostgreSQL's text has no NUL, and an index entry has a limit of some 2,700 bytes."""
    return len(key) <= MAX_KEY_LENGTH and "\0" not in key


def _readable_key(raw: bytes | None) -> str | None:
    try:
        key = (raw or b"").decode()
    except UnicodeDecodeError:
        return None
    return key if key and _storable(key) else None


def _readable_sequence(raw: bytes | None) -> int | None:
    try:
        sequence = int(raw or b"")
    except ValueError:
        return None
    return sequence if 0 < sequence <= MAX_SEQUENCE else None
