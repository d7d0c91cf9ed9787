"""How far each erasure has come, by ids alone: published, marked in Kafka, and the sign-in account gone."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from polity_contracts.topics import PEOPLE
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

_ASK = text("""
INSERT INTO person_erasure (person_id, asked_at, network_ids)
VALUES (:person_id, :now, CAST(:network_ids AS uuid[]))
""")
_PUBLISH_AGAIN = text("UPDATE person_erasure SET published_at = NULL, marked_at = NULL WHERE person_id = :person_id")
_ASK_ACCOUNTS = text("""
INSERT INTO account_erasure (subject, asked_at, due_at, attempts)
SELECT subject, :now, :now, 0 FROM unnest(CAST(:subject AS text[])) AS asked (subject)
    ON CONFLICT (subject) DO NOTHING
""")
_NOTE_PUBLISHED = text("""
UPDATE person_erasure SET published_at = :now
 WHERE published_at IS NULL
   AND NOT EXISTS (SELECT FROM outbox WHERE outbox.topic = :topic AND outbox.key = CAST(person_id AS text))
""")
_NOTE_MARKED = text("""
WITH due AS (
  UPDATE person_erasure SET marked_at = :now WHERE marked_at IS NULL AND published_at <= :until RETURNING 1)
UPDATE people_marker SET fact_sequence = fact_sequence + 1 WHERE EXISTS (SELECT FROM due) RETURNING id, fact_sequence
""")
_CLAIM_ACCOUNTS = text("""
UPDATE account_erasure SET due_at = :until
 WHERE id IN (
       SELECT id FROM account_erasure AS asked
        WHERE due_at <= :now AND subject IS NOT NULL
          AND NOT EXISTS (SELECT FROM mandate WHERE mandate.subject = asked.subject)
        ORDER BY due_at LIMIT :most FOR UPDATE SKIP LOCKED)
RETURNING id, subject, attempts
""")
_ACCOUNT_ERASED = text("UPDATE account_erasure SET subject = NULL, done_at = :now WHERE id = :id")
_ACCOUNT_LEFT = text("UPDATE account_erasure SET due_at = :due_at, attempts = attempts + 1 WHERE id = :id")


@dataclass(frozen=True, slots=True)
class Account:
    """A sign-in account to be erased; `id` is the number of its row, `subject` the account's (the token's `sub`)."""

    id: int
    subject: str
    attempts: int


async def ask(
    session: AsyncSession, person_id: UUID, network_ids: Sequence[UUID], subjects: Iterable[str], now: datetime
) -> None:
    """Notes that the person, with whom the networks dealt, was erased and that their sign-in accounts shall be."""
    connection = await session.connection()
    await connection.execute(_ASK, {"person_id": person_id, "network_ids": list(network_ids), "now": now})
    await connection.execute(_ASK_ACCOUNTS, {"subject": sorted(set(subjects)), "now": now})


async def publish_again(session: AsyncSession, person_id: UUID) -> None:
    """Notes that the person's tombstone goes to Kafka once more, so that another marker has to follow it."""
    await (await session.connection()).execute(_PUBLISH_AGAIN, {"person_id": person_id})


async def note_published(session: AsyncSession, now: datetime) -> None:
    """Notes whose tombstone Kafka has acknowledged: it has left the outbox."""
    await (await session.connection()).execute(_NOTE_PUBLISHED, {"topic": PEOPLE.name, "now": now})


async def note_marked(session: AsyncSession, published_until: datetime, now: datetime) -> list[tuple[UUID, int]]:
    """Returns each partition's marker with its next number when tombstones published until then have none yet."""
    parameters = {"until": published_until, "now": now}
    rows = await (await session.connection()).execute(_NOTE_MARKED, parameters)
    return [(row.id, row.fact_sequence) for row in rows]


async def claim_accounts(session: AsyncSession, now: datetime, lease: timedelta, most: int) -> Sequence[Account]:
    """Takes up to `most` accounts for the time of the lease: those that no mandate of anybody is linked to."""
    parameters = {"now": now, "until": now + lease, "most": most}
    rows = await (await session.connection()).execute(_CLAIM_ACCOUNTS, parameters)
    return [Account(*row) for row in rows]


async def account_erased(session: AsyncSession, account: Account, now: datetime) -> None:
    """Empties the row: whose account it was is forgotten."""
    await (await session.connection()).execute(_ACCOUNT_ERASED, {"id": account.id, "now": now})


async def account_left(session: AsyncSession, account: Account, due_at: datetime) -> None:
    """Notes an attempt in vain and when the next one is due."""
    await (await session.connection()).execute(_ACCOUNT_LEFT, {"id": account.id, "due_at": due_at})
