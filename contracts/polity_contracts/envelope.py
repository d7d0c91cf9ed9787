"""CloudEvents 1.0 in Kafka's binary mode: the headers say what the value is, the value is the fact's data.

Source: CloudEvents 1.0.2 and its Kafka protocol binding 1.0.2. Our extension attributes are `sequence`,
`visibility`, `networks`, and for who acted `actor` and `onbehalfof`, both ids; `traceparent` (W3C) travels as a header
of its own.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, ValidationError

CONTENT_TYPE = "application/json"
MAX_VALUE_BYTES = 900_000
"""A fact's data in bytes; below Kafka's default `max.message.bytes` (1 MiB) with room for headers."""


class Visibility(StrEnum):
    """Who may have a fact: everybody; the members and the secretariat of its networks; the services alone."""

    PUBLIC = "public"
    MEMBERS = "members"
    PRIVATE = "private"


class Fact(BaseModel):
    """Something that happened, in the past tense, never changed. Unknown fields of a newer writer are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    type: ClassVar[str]
    topic: ClassVar[str]
    version: ClassVar[int] = 1
    visibility: ClassVar[Visibility]
    visibility_reason: ClassVar[str]
    """One sentence for whoever reads the contract: why just these may have it."""
    tombstone: ClassVar[bool] = False
    """True for the one fact of a compacted topic that has no data: its record's value is null."""

    def networks(self) -> tuple[UUID, ...]:
        """Returns the networks whose members may see a fact that is not public."""
        network = getattr(self, "network_id", None)
        return (network,) if network else ()


class Unreadable(ValueError):
    """The record can't be understood here; `reason` is stable and fit for a parked message."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason


class FactTooLarge(ValueError):
    """The fact's data exceeds MAX_VALUE_BYTES, so Kafka would refuse it."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """A fact with what every record says of it."""

    id: UUID
    source: str
    key: str
    sequence: int
    occurred_at: datetime
    fact: Fact
    traceparent: str | None = None
    actor: str | None = None
    on_behalf_of: str | None = None


def encode_value(fact: Fact) -> bytes | None:
    """Returns the record's value (UTF-8 JSON), None for a tombstone; raises FactTooLarge."""
    if fact.tombstone:
        return None
    value = fact.model_dump_json().encode()
    if len(value) > MAX_VALUE_BYTES:
        raise FactTooLarge(f"{fact.type} of {len(value)} bytes exceeds {MAX_VALUE_BYTES}")
    return value


def headers(envelope: Envelope) -> list[tuple[str, bytes]]:
    """Returns the record's headers, CloudEvents attributes first."""
    fact = envelope.fact
    attributes = {
        "ce_specversion": "1.0",
        "ce_id": str(envelope.id),
        "ce_source": envelope.source,
        "ce_type": fact.type,
        "ce_time": envelope.occurred_at.isoformat().replace("+00:00", "Z"),
        "ce_subject": envelope.key,
        "ce_dataschema": f"urn:polity:{fact.type}:{fact.version}",
        "ce_sequence": str(envelope.sequence),
        "ce_visibility": fact.visibility.value,
        "ce_networks": ",".join(str(network) for network in fact.networks()),
        "ce_actor": envelope.actor or "",
        "ce_onbehalfof": envelope.on_behalf_of or "",
        "content-type": CONTENT_TYPE,
    }
    if envelope.traceparent:
        attributes["traceparent"] = envelope.traceparent
    return [(name, value.encode()) for name, value in attributes.items() if value]


def decode(
    key: bytes | None,
    value: bytes | None,
    raw_headers: Iterable[tuple[str, bytes | None]],
    types: Mapping[str, type[Fact]],
) -> Envelope:
    """Returns the envelope of one Kafka record.

    `types` maps every known wire name to its class. Raises Unreadable with the reason `key`, `headers`,
    `unknown_type`, `unknown_version` or `data`.
    """
    attributes = _text_headers(raw_headers)
    fact_type = _known_type(attributes, types)
    try:
        return Envelope(
            id=UUID(attributes["ce_id"]),
            source=attributes["ce_source"],
            key=_text_key(key),
            sequence=int(attributes["ce_sequence"]),
            occurred_at=datetime.fromisoformat(attributes["ce_time"]),
            fact=_fact(fact_type, value),
            traceparent=attributes.get("traceparent"),
            actor=attributes.get("ce_actor"),
            on_behalf_of=attributes.get("ce_onbehalfof"),
        )
    except (KeyError, ValueError) as error:
        if isinstance(error, Unreadable):
            raise
        raise Unreadable("headers", type(error).__name__) from error


def _text_headers(raw_headers: Iterable[tuple[str, bytes | None]]) -> dict[str, str]:
    try:
        return {name: value.decode() for name, value in raw_headers if value is not None}
    except UnicodeDecodeError as error:
        raise Unreadable("headers", "not UTF-8") from error


def _text_key(key: bytes | None) -> str:
    try:
        return (key or b"").decode() or _no_key()
    except UnicodeDecodeError as error:
        raise Unreadable("key", "not UTF-8") from error


def _no_key() -> str:
    raise Unreadable("key", "missing")


def _known_type(attributes: Mapping[str, str], types: Mapping[str, type[Fact]]) -> type[Fact]:
    name = attributes.get("ce_type", "")
    if name not in types:
        raise Unreadable("unknown_type", name[:100] or "missing")
    fact_type = types[name]
    version = attributes.get("ce_dataschema", "").rpartition(":")[2]
    if version != str(fact_type.version):
        raise Unreadable("unknown_version", f"{name} {version[:20] or 'missing'}")
    return fact_type


def _fact(fact_type: type[Fact], value: bytes | None) -> Fact:
    if fact_type.tombstone:
        return fact_type.model_validate({})
    try:
        return fact_type.model_validate_json(value or b"")
    except ValidationError as error:
        # Only places and kinds: the values may be somebody's data.
        problems: list[Any] = error.errors(include_url=False, include_input=False, include_context=False)
        places = "; ".join(f"{'.'.join(map(str, e['loc']))} {e['type']}" for e in problems[:5])
        raise Unreadable("data", places) from error
