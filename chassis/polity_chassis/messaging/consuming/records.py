"""What a consumer is, and what one Kafka record says to it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, NamedTuple, Protocol, TypeVar
from uuid import UUID

from polity_contracts.envelope import Fact, Unreadable, decode
from polity_contracts.facts import FACTS
from polity_contracts.topics import TOPICS
from sqlmodel.ext.asyncio.session import AsyncSession

F = TypeVar("F", bound=Fact)
T = TypeVar("T")
Headers = Sequence[tuple[str, bytes | None]]
Place = tuple[str, str]
"""Topic and key: the scope within which order exists."""

MAX_KEY_LENGTH = 255
MAX_SEQUENCE = 2**63 - 1


class Received(NamedTuple, Generic[F]):
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
    """One record as read: a fact to handle, a number to pass over (no `received`, no `reason`), or what is wrong.

    `place` is None where the key can't be read, `sequence` where the number can't, `message_id` where the id can't or
    where it is of no account.
    """

    record: Record
    place: Place | None
    sequence: int | None
    message_id: UUID | None = None
    received: Received[Any] | None = None
    reason: str | None = None
    detail: str = ""

    def because(self, reason: str, detail: str = "") -> "Item":
        """Returns the item with the reason why it is parked."""
        return Item(self.record, self.place, self.sequence, self.message_id, self.received, reason, detail)


class Reader:
    """Reads records for one consumer."""

    def __init__(self, consumer: Consumer) -> None:
        self._handled = {fact.type: fact for fact in consumer.handlers}
        self._exact = {
            (fact.type.encode(), f"urn:polity:{fact.type}:{fact.version}".encode()): fact for fact in consumer.handlers
        }

    def read(self, record: Record) -> Item:
        """Returns the record's item; never raises, whatever the bytes are."""
        try:
            return self._quickly(record)
        except (KeyError, ValueError, TypeError, AttributeError):
            return self._thoroughly(record)

    def _quickly(self, record: Record) -> Item:
        """Reads a record that is as it should be, in half of the time that `decode` takes with its explanations."""
        headers = dict(record.headers)
        kind = self._exact[headers["ce_type"], headers["ce_dataschema"]]  # type: ignore[index]
        sequence, key = int(headers["ce_sequence"] or b""), _key(record.key)
        received = Received(
            kind.model_validate({}) if kind.tombstone else kind.model_validate_json(record.value or b""),
            key,
            _instant(headers["ce_time"] or b""),
            UUID((headers["ce_id"] or b"").decode()),
            _in_range(sequence),
            record.topic,
            record.partition,
            record.offset,
            (headers.get("traceparent") or b"").decode() or None,
        )
        return Item(record, (record.topic, key), sequence, received.id, received)

    def _thoroughly(self, record: Record) -> Item:
        """Says what is wrong, and keeps what can be read: with key and number a record holds its place in the order."""
        headers = dict(record.headers)
        key = _or_none(_key, record.key)
        sequence = _or_none(lambda raw: _in_range(int(raw)), headers.get("ce_sequence")) if key else None
        place = (record.topic, key) if key else None
        message_id = _or_none(lambda raw: UUID(raw.decode()), headers.get("ce_id"))
        try:
            decode(record.key, record.value, record.headers, self._handled)
        except Unreadable as error:
            name = (headers.get("ce_type") or b"").decode("utf-8", "replace")
            if error.reason == "unknown_type" and name in FACTS and place and sequence:
                return Item(record, place, sequence, message_id)
            detail = str(error).removeprefix(error.reason).removeprefix(": ")
            return Item(record, place, sequence, message_id, reason=error.reason, detail=detail)
        if key is None:
            return Item(record, None, None, reason="key", detail="not storable")
        return Item(record, place, sequence, message_id, reason="headers", detail="sequence or time out of range")


def _or_none(read: Callable[[bytes], T], raw: bytes | None) -> T | None:
    try:
        return read(raw or b"")
    except ValueError:
        return None


def _key(raw: bytes | None) -> str:
    """PostgreSQL's text has no NUL, and an index entry has a limit of some 2,700 bytes."""
    key = (raw or b"").decode()
    if not key or len(key) > MAX_KEY_LENGTH or "\0" in key:
        raise ValueError("not a key")
    return key


def _in_range(sequence: int) -> int:
    if not 0 < sequence <= MAX_SEQUENCE:
        raise ValueError("not a sequence")
    return sequence


def _instant(raw: bytes) -> datetime:
    instant = datetime.fromisoformat(raw.decode())
    if instant.tzinfo is None:
        raise ValueError("not an instant")
    return instant
