"""Compares a publishing service's database with what it has published, before it publishes more.

A database that was restored from a backup, or promoted behind its primary, would give numbers to its next facts that
published ones have already, and every consumer would drop them. So the relay reads the service's own topics at its
start, beyond what it knows to be acknowledged, and keeps every fact that the database does not know as an orphan. The
outbox accepts facts while `restore_check` holds: it ends with PostgreSQL's process and with every copy of the row, and
is written again here, or by the operator who settles the orphans (`operations/orphans.py`).
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from polity_contracts.topics import TOPICS

from polity_chassis.messaging.header_names import read_any_header_name

READ_MILLISECONDS = 500
RECORDS = 2_000

Aggregates = Mapping[str, Sequence[str]]
"""Topic to the tables whose rows (`id`, `fact_sequence`) number its facts."""

_POSITIONS = "SELECT topic, partition, next_offset FROM relay_position"
_KNOWN = "SELECT id::text AS key, fact_sequence AS sequence FROM {table} WHERE id = ANY($1::uuid[])"
_SETTLED = "SELECT DISTINCT key FROM orphan WHERE key = ANY($1::text[]) AND settled_at IS NOT NULL"
_KEEP = """
INSERT INTO orphan (topic, partition, "offset", key, sequence, type, message_id, value, occurred_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    ON CONFLICT DO NOTHING
"""
NOTE_REACHED = """
INSERT INTO relay_position (topic, partition, next_offset)
SELECT * FROM unnest($1::text[], $2::int[], $3::bigint[])
    ON CONFLICT (topic, partition) DO UPDATE
   SET next_offset = greatest(relay_position.next_offset, excluded.next_offset)
"""
_CHECKED = """
UPDATE restore_check
   SET written_as = CASE WHEN NOT EXISTS (SELECT FROM orphan WHERE settled_at IS NULL)
                         THEN restore_mark(pg_current_xact_id()::xid) END
"""
_PERSONAL = {name for name, topic in TOPICS.items() if topic.compacted}
_WAITING = "SELECT count(*) FROM orphan WHERE settled_at IS NULL"

log = logging.getLogger(__name__)


class Published(NamedTuple):
    """A fact as it was published."""

    topic: str
    partition: int
    offset: int
    key: str
    sequence: int
    type: str
    message_id: UUID
    value: bytes | None
    occurred_at: datetime


async def compare(connection: Any, bootstrap: str, aggregates: Aggregates, on_progress: Callable[[], None]) -> int:
    """Stores the orphans and returns how many wait to be settled; if there are none the outbox accepts facts.

    Nobody else uses `connection` (asyncpg) meanwhile; `on_progress` is called after each batch. Raises KafkaError, also
    if a topic does not exist, and what asyncpg raises.
    """
    read_any_header_name()
    # aiokafka's consumer of no topic can't be stopped.
    ends = await _keep_all_orphans(connection, bootstrap, aggregates, on_progress) if aggregates else {}
    async with connection.transaction():
        await note_reached(connection, {(at.topic, at.partition): end for at, end in ends.items()})
        await connection.execute(_CHECKED)
    waiting: int = await connection.fetchval(_WAITING)
    if waiting:
        log.error("published facts are unknown here: settle the orphans", extra={"orphans": waiting})
    return waiting


async def _keep_all_orphans(
    connection: Any, bootstrap: str, aggregates: Aggregates, on_progress: Callable[[], None]
) -> Mapping[TopicPartition, int]:
    """Returns up to where each partition was read."""
    # Without a group it gets every partition.
    kafka = AIOKafkaConsumer(
        *aggregates, bootstrap_servers=bootstrap, enable_auto_commit=False, auto_offset_reset="earliest"
    )
    try:
        await kafka.start()
        ends = await _seek_to_what_is_unknown(kafka, connection)
        while any([await kafka.position(partition) < end for partition, end in ends.items()]):
            batches = await kafka.getmany(timeout_ms=READ_MILLISECONDS, max_records=RECORDS)
            await _keep_orphans(connection, aggregates, [record for batch in batches.values() for record in batch])
            # A session that stays idle for seconds is ended, and with it the lock.
            await connection.execute("SELECT 1")
            on_progress()
    finally:
        await kafka.stop()
    return ends


async def note_reached(connection: Any, reached: Mapping[tuple[str, int], int]) -> None:
    """Stores the next offset of each topic and partition."""
    places = list(reached)
    columns = [topic for topic, _ in places], [partition for _, partition in places]
    await connection.execute(NOTE_REACHED, *columns, list(reached.values()))


async def _seek_to_what_is_unknown(kafka: AIOKafkaConsumer, connection: Any) -> Mapping[TopicPartition, int]:
    """Returns the ends of the partitions; seeks each to where it is not known to be acknowledged."""
    partitions = list(kafka.assignment())
    rows = await connection.fetch(_POSITIONS)
    known = {TopicPartition(row["topic"], row["partition"]): row["next_offset"] for row in rows}
    ends, begins = await kafka.end_offsets(partitions), await kafka.beginning_offsets(partitions)
    for partition in partitions:
        kafka.seek(partition, max(known.get(partition, 0), begins[partition]))
    return dict(ends)


async def _keep_orphans(connection: Any, aggregates: Aggregates, records: Sequence[ConsumerRecord]) -> None:
    by_topic: dict[str, list[Published]] = {}
    for published in filter(None, map(_published, records)):
        by_topic.setdefault(published.topic, []).append(published)
    for topic, facts in by_topic.items():
        known = await _known(connection, aggregates[topic], {fact.key for fact in facts})
        orphans = [fact for fact in facts if fact.sequence > known.get(fact.key, 0)]
        settled = {row["key"] for row in await connection.fetch(_SETTLED, [fact.key for fact in orphans])}
        # The key of a settled orphan has no row here where the orphan began it, and ends with what settled it.
        kept = [fact for fact in orphans if fact.key in known or fact.key not in settled]
        await connection.executemany(_KEEP, kept)


async def _known(connection: Any, tables: Iterable[str], keys: Iterable[str]) -> dict[str, int]:
    statement = " UNION ALL ".join(_KNOWN.format(table=table) for table in tables)
    return {row["key"]: row["sequence"] for row in await connection.fetch(statement, list(keys))}


def _published(record: ConsumerRecord) -> Published | None:
    """Returns None for what is no fact of ours."""
    headers = dict(record.headers)
    try:
        return Published(
            record.topic,
            record.partition,
            record.offset,
            str(UUID((record.key or b"").decode())),
            int(headers["ce_sequence"]),
            headers["ce_type"].decode(),
            UUID(headers["ce_id"].decode()),
            None if record.topic in _PERSONAL else record.value,
            datetime.fromisoformat(headers["ce_time"].decode()),
        )
    except (KeyError, ValueError, AttributeError, TypeError):
        log.warning("a record is no fact of ours", extra={"topic": record.topic, "offset": record.offset})
        return None
