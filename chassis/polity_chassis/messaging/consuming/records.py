"""What a consumer is, and how a Kafka record is decoded for it."""

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
TopicKey = tuple[str, str]
"""Topic and key: order exists only within one."""

MAX_KEY_LENGTH = 255
MAX_SEQUENCE = 2**63 - 1


class Received(NamedTuple, Generic[F]):
    """A fact as a handler gets it, with its key and where in Kafka it was read."""

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

There may be several facts of one key, in their order; the order across keys means nothing. A handler has no effect
outside of the transaction. A fact for which it raises, and not because of the infrastructure, is parked.
"""


@dataclass(frozen=True)
class Consumer:
    """Reads whole topics for one purpose. `name` is its Kafka group and owns its positions and its inbox.

    A type without a handler is skipped. An `authority` consumer never parks: it halts. One transaction, which keeps its
    locks to its end, applies `most_records` at most.
    """

    name: str
    topics: tuple[str, ...]
    handlers: Mapping[type[Fact], Handler]
    authority: bool = False
    most_records: int = 1000
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
class DecodedRecord:
    """One record: a fact to handle, a number to pass over (no `received`, no `reason`), or what is wrong with it.

    `topic_key` is None where the key can't be read, `sequence` where the number can't, `message_id` where the id can't
    or where it does not matter.
    """

    record: Record
    topic_key: TopicKey | None
    sequence: int | None
    message_id: UUID | None = None
    received: Received[Any] | None = None
    reason: str | None = None
    detail: str = ""

    def with_reason(self, reason: str, detail: str = "") -> "DecodedRecord":
        """Returns a copy with the reason why it is parked."""
        return DecodedRecord(self.record, self.topic_key, self.sequence, self.message_id, self.received, reason, detail)


class RecordDecoder:
    """Decodes records for one consumer."""

    def __init__(self, consumer: Consumer) -> None:
        self._handled = {fact.type: fact for fact in consumer.handlers}
        self._exact = {
            (fact.type.encode(), f"urn:polity:{fact.type}:{fact.version}".encode()): fact for fact in consumer.handlers
        }

    def decode(self, record: Record) -> DecodedRecord:
        """Returns what the record says; never raises, whatever the bytes are."""
        try:
            return self._decode_fast(record)
        except (KeyError, ValueError, TypeError, AttributeError):
            return self._decode_or_explain(record)

    def _decode_fast(self, record: Record) -> DecodedRecord:
        """Decodes a valid record in half of the time that `polity_contracts.envelope.decode` takes."""
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
        return DecodedRecord(record, (record.topic, key), sequence, received.id, received)

    def _decode_or_explain(self, record: Record) -> DecodedRecord:
        """Returns what is wrong and what can be read: with key and number a record keeps its place in the order."""
        headers = dict(record.headers)
        key = _or_none(_key, record.key)
        sequence = _or_none(lambda raw: _in_range(int(raw)), headers.get("ce_sequence")) if key else None
        topic_key = (record.topic, key) if key else None
        message_id = _or_none(lambda raw: UUID(raw.decode()), headers.get("ce_id"))
        try:
            decode(record.key, record.value, record.headers, self._handled)
        except Unreadable as error:
            name = (headers.get("ce_type") or b"").decode("utf-8", "replace")
            if error.reason == "unknown_type" and name in FACTS and topic_key and sequence:
                return DecodedRecord(record, topic_key, sequence, message_id)
            detail = str(error).removeprefix(error.reason).removeprefix(": ")
            return DecodedRecord(record, topic_key, sequence, message_id, reason=error.reason, detail=detail)
        if key is None:
            return DecodedRecord(record, None, None, reason="key", detail="not storable")
        return DecodedRecord(
            record, topic_key, sequence, message_id, reason="headers", detail="sequence or time out of range"
        )


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
