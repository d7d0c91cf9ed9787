"""The table `parked_message`: facts that could not be applied, and the later facts of their keys."""

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, delete, func, null, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert as insert_or_keep
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_chassis.database.tables import parked_message
from polity_chassis.ids import new_id
from polity_chassis.messaging.consuming.dispatch import NUMBER_TAKEN, ParkedState
from polity_chassis.messaging.consuming.records import Consumer, DecodedRecord, Headers, TopicKey

DISCARDS_KEPT = timedelta(days=90)
"""How long the content of a discarded message is kept."""

row = parked_message.c

_ANY = text("SELECT EXISTS (SELECT FROM parked_message WHERE consumer = :consumer)")
_HOLDS = text("""
SELECT topic, key, bool_or(discarded_at IS NULL) AS waiting,
       array_remove(array_agg(sequence) FILTER (WHERE discarded_at IS NOT NULL), NULL) AS discarded,
       bool_or(discarded_at IS NOT NULL AND sequence IS NULL) AS blank
  FROM parked_message
 WHERE consumer = :consumer AND topic = ANY(CAST(:topics AS text[])) AND key = ANY(CAST(:keys AS text[]))
   AND reason <> :number_taken
 GROUP BY topic, key
""")


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A parked record, to be read again as it came from Kafka."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers


async def parked_states(
    session: AsyncSession, consumer: str, topic_keys: Sequence[TopicKey]
) -> dict[TopicKey, ParkedState]:
    """Returns what is parked or was discarded of each key that has any."""
    connection = await session.connection()
    if not (await connection.execute(_ANY, {"consumer": consumer})).scalar_one():
        return {}
    parameters = {
        "consumer": consumer,
        "topics": list({topic_key[0] for topic_key in topic_keys}),
        "keys": [topic_key[1] for topic_key in topic_keys],
        "number_taken": NUMBER_TAKEN,
    }
    found = await connection.execute(_HOLDS, parameters)
    return {(r.topic, r.key): ParkedState(r.waiting, frozenset(r.discarded or ()), r.blank) for r in found}


async def park(session: AsyncSession, consumer: Consumer, items: Sequence[DecodedRecord]) -> None:
    """Parks the items; of a compacted topic only the newest of each key, by its offset and without its data."""
    if not items:
        return
    newest = {
        item.topic_key: item
        for item in items
        if item.topic_key and item.record.topic in consumer.compacted and item.reason != NUMBER_TAKEN
    }
    kept = [
        item
        for item in items
        if item.reason == NUMBER_TAKEN or item.topic_key not in newest or newest[item.topic_key] is item
    ]
    for topic_key in newest:
        await forget(session, consumer.name, topic_key)
    connection = await session.connection()
    statement = insert_or_keep(parked_message).on_conflict_do_nothing(
        index_elements=[row.consumer, row.topic, row.partition, row.offset]
    )
    await connection.execute(statement, [_values(consumer, item) for item in kept])


def _values(consumer: Consumer, item: DecodedRecord) -> dict[str, Any]:
    record = item.record
    personal = record.topic in consumer.compacted
    return {
        "id": new_id(),
        "consumer": consumer.name,
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "key": item.topic_key[1] if item.topic_key else None,
        "sequence": item.sequence,
        "type": _type_name(record.headers),
        "reason": item.reason,
        "detail": _storable(item.detail),
        "raw_key": None if personal else record.key,
        "value": None if personal else record.value,
        "headers": None if personal else [[_storable(name), _base64(value)] for name, value in record.headers],
    }


def _type_name(headers: Headers) -> str | None:
    raw = dict(headers).get("ce_type")
    return _storable(raw.decode("utf-8", "replace")[:100]) if raw else None


def _storable(text: str) -> str:
    """Returns the text as PostgreSQL can store it: a record that can't be parked would stop the whole partition."""
    return text.replace("\0", "\\0").encode(errors="backslashreplace").decode()


def _base64(value: bytes | None) -> str | None:
    return None if value is None else base64.b64encode(value).decode()


def stored_record(found: Row[Any]) -> StoredRecord:
    """Returns the record that a row keeps."""
    headers = [(name, None if value is None else base64.b64decode(value)) for name, value in found.headers or ()]
    return StoredRecord(found.topic, found.partition, found.offset, found.raw_key, found.value, headers)


async def forget(session: AsyncSession, consumer: str, topic_key: TopicKey, *, through: int | None = None) -> None:
    """Deletes the key's waiting rows, up to the sequence `through` if given; discarded rows stay."""
    condition = and_(_of(consumer, topic_key), row.discarded_at.is_(None))
    if through is not None:
        condition = and_(condition, row.sequence <= through)
    await (await session.connection()).execute(delete(parked_message).where(condition))


async def waiting(
    session: AsyncSession, consumer: str, topic_key: TopicKey, *, above: int, limit: int
) -> Sequence[Row[Any]]:
    """Returns the key's rows above a sequence in its order, discarded ones included."""
    statement = (
        select(parked_message)
        .where(_of(consumer, topic_key), row.sequence > above)
        .order_by(row.sequence, row.discarded_at.is_(None), row.offset)
        .limit(limit)
    )
    return (await (await session.connection()).execute(statement)).all()


async def unnumbered(session: AsyncSession, consumer: str, topic_key: TopicKey) -> Sequence[Row[Any]]:
    """Returns the waiting rows of the key whose number could not be read."""
    statement = select(parked_message).where(
        _of(consumer, topic_key), row.sequence.is_(None), row.discarded_at.is_(None)
    )
    return (await (await session.connection()).execute(statement)).all()


async def assign_number(session: AsyncSession, consumer: str, topic_key: TopicKey, sequence: int) -> bool:
    """Assigns a missing number to the key's oldest discarded record without one; returns whether there was one."""
    oldest = (
        select(row.id)
        .where(_of(consumer, topic_key), row.sequence.is_(None), row.discarded_at.is_not(None))
        .order_by(row.offset)
        .limit(1)
        .scalar_subquery()
    )
    statement = update(parked_message).where(row.id == oldest).values(sequence=sequence)
    return (await (await session.connection()).execute(statement)).rowcount == 1


async def set_columns(session: AsyncSession, identity: UUID, **values: Any) -> None:
    """Sets columns of one row."""
    await (await session.connection()).execute(update(parked_message).where(row.id == identity).values(**values))


async def remove(session: AsyncSession, identity: UUID) -> None:
    """Deletes one row."""
    await (await session.connection()).execute(delete(parked_message).where(row.id == identity))


async def fail_again(session: AsyncSession, consumer: str, item: DecodedRecord) -> None:
    """Records why a message failed that was tried once more."""
    record = item.record
    statement = (
        update(parked_message)
        .where(
            row.consumer == consumer,
            row.topic == record.topic,
            row.partition == record.partition,
            row.offset == record.offset,
        )
        .values(reason=item.reason, detail=_storable(item.detail), attempts=row.attempts + 1)
    )
    await (await session.connection()).execute(statement)


async def discarded_offsets(
    session: AsyncSession, consumer: str, items: Iterable[DecodedRecord]
) -> set[tuple[str, int, int]]:
    """Returns topic, partition and offset of those of the items that an operator discarded."""
    topics = {item.record.topic for item in items}
    statement = select(row.topic, row.partition, row.offset).where(
        row.consumer == consumer, row.topic.in_(topics), row.discarded_at.is_not(None)
    )
    found = await (await session.connection()).execute(statement)
    return {(topic, partition, offset) for topic, partition, offset in found}


async def find_waiting(session: AsyncSession, consumer: str, identity: UUID) -> Row[Any] | None:
    """Returns the row, None unless it waits."""
    statement = select(parked_message).where(row.consumer == consumer, row.id == identity, row.discarded_at.is_(None))
    return (await (await session.connection()).execute(statement)).one_or_none()


async def consumer_of(session: AsyncSession, identity: UUID) -> str | None:
    """Returns the name of the consumer that parked the message."""
    found = await (await session.connection()).execute(select(row.consumer).where(row.id == identity))
    name: str | None = found.scalar_one_or_none()
    return name


async def first_waiting(session: AsyncSession, consumer: str, topic_key: TopicKey) -> int | None:
    """Returns the lowest number of the key that waits, None where none does."""
    statement = select(func.min(row.sequence)).where(_of(consumer, topic_key), row.discarded_at.is_(None))
    found: int | None = (await (await session.connection()).execute(statement)).scalar_one()
    return found


async def mark_discarded(session: AsyncSession, identity: UUID, *, by: str, reason: str, at: datetime) -> bool:
    """Records who discarded the message, why and when (UTC); returns whether it was still waiting."""
    statement = (
        update(parked_message)
        .where(row.id == identity, row.discarded_at.is_(None))
        .values(discarded_by=by, discard_reason=reason, discarded_at=at)
    )
    return (await (await session.connection()).execute(statement)).rowcount == 1


async def empty_discards(session: AsyncSession) -> int:
    """Empties the messages that were discarded longer than DISCARDS_KEPT ago; returns how many.

    Their rows stay: a rebuild discards the same messages again.
    """
    emptied = {"raw_key": None, "value": None, "headers": null(), "detail": ""}
    old = row.discarded_at < func.now() - DISCARDS_KEPT
    full = or_(row.value.is_not(None), row.headers.is_not(None), row.raw_key.is_not(None))
    return (
        await (await session.connection()).execute(update(parked_message).where(old, full).values(emptied))
    ).rowcount


def _of(consumer: str, topic_key: TopicKey) -> Any:
    """Returns the condition for the rows that block the key, or did."""
    return and_(
        row.consumer == consumer, row.topic == topic_key[0], row.key == topic_key[1], row.reason != NUMBER_TAKEN
    )
