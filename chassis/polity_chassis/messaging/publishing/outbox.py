"""The transactional outbox: one row per fact, written by the transaction that made it, sent after the commit.

Add facts after every lock of the transaction is held: the rows' numbers then follow the order of the locks.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from polity_contracts.envelope import Fact, encode_value
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from polity_chassis.database.engine import FACTS_ADDED
from polity_chassis.ids import new_id
from polity_chassis.messaging.publishing.cause import Cause, current_cause
from polity_chassis.messaging.publishing.partitioning import key_hash

_INSERT = text("""
INSERT INTO outbox (message_id, topic, key, key_hash, sequence, type, version, visibility, networks, value,
                    traceparent, actor, on_behalf_of, occurred_at)
SELECT message_id, topic, key, key_hash, sequence, type, version, visibility, networks, value,
       traceparent, actor, on_behalf_of, :occurred_at
  FROM unnest(CAST(:message_id AS uuid[]), CAST(:topic AS text[]), CAST(:key AS text[]),
              CAST(:key_hash AS integer[]), CAST(:sequence AS bigint[]), CAST(:type AS text[]),
              CAST(:version AS smallint[]), CAST(:visibility AS text[]), CAST(:networks AS text[]),
              CAST(:value AS bytea[]), CAST(:traceparent AS text[]), CAST(:actor AS text[]),
              CAST(:on_behalf_of AS text[])) WITH ORDINALITY
    AS fact (message_id, topic, key, key_hash, sequence, type, version, visibility, networks, value, traceparent,
             actor, on_behalf_of, place)
 ORDER BY place
""")
_COLUMNS = (
    "message_id", "topic", "key", "key_hash", "sequence", "type", "version", "visibility", "networks", "value",
    "traceparent", "actor", "on_behalf_of",
)  # fmt: skip
SLICE = 500
"""Facts per statement: some ten milliseconds during which the process does nothing else."""


class Aggregate(Protocol):
    """What publishes facts under its own id; `fact_sequence` is a column of its locked row and starts at 0."""

    id: UUID
    fact_sequence: int


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A fact with its key and sequence.

    `cause` is that of the request which asked for it, if requests share the transaction.
    """

    key: UUID
    sequence: int
    fact: Fact
    cause: Cause | None = None


def numbered(aggregate: Aggregate, fact: Fact, cause: Cause | None = None) -> Outgoing:
    """Returns the aggregate's next fact and advances its `fact_sequence`."""
    aggregate.fact_sequence += 1
    return Outgoing(aggregate.id, aggregate.fact_sequence, fact, cause)


async def add_facts(
    session: AsyncSession,
    aggregate: Aggregate,
    facts: Sequence[Fact],
    *,
    occurred_at: datetime,
    cause: Cause | None = None,
) -> None:
    """Adds the aggregate's facts to the outbox and advances its `fact_sequence`; raises FactTooLarge.

    Without `cause` it is that of the current task.
    """
    numbers = enumerate(facts, aggregate.fact_sequence + 1)
    rows = [Outgoing(aggregate.id, sequence, fact, cause) for sequence, fact in numbers]
    await add_outgoing(session, rows, occurred_at=occurred_at)
    aggregate.fact_sequence += len(rows)


async def add_outgoing(session: AsyncSession, rows: Sequence[Outgoing], *, occurred_at: datetime) -> None:
    """Adds facts of many aggregates in the given order, in few statements; raises FactTooLarge."""
    cause = current_cause()
    connection = await session.connection()
    for start in range(0, len(rows), SLICE):
        columns = zip(*(_values(row, row.cause or cause) for row in rows[start : start + SLICE]), strict=True)
        parameters: dict[str, Any] = dict(zip(_COLUMNS, map(list, columns), strict=True))
        await connection.execute(_INSERT, {**parameters, "occurred_at": occurred_at})
        session.info[FACTS_ADDED] = True


def _values(row: Outgoing, cause: Cause) -> Iterator[Any]:
    fact = row.fact
    yield new_id()
    yield fact.topic
    yield str(row.key)
    yield key_hash(str(row.key).encode())
    yield row.sequence
    yield fact.type
    yield fact.version
    yield fact.visibility.value
    yield ",".join(map(str, fact.networks()))
    yield encode_value(fact)
    yield cause.traceparent
    yield from cause.acting
