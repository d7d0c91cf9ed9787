"""How far each erasure has come: published, followed by a marker in Kafka, the sign-in account deleted."""

from collections.abc import Collection, Iterable, Sequence
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
_NOTE_CORRECTED = text("""
INSERT INTO person_correction (person_id) SELECT unnest(CAST(:person_ids AS uuid[]))
    ON CONFLICT (person_id) DO UPDATE SET published_at = NULL
""")
_ASK_ACCOUNTS = text("""
INSERT INTO account_erasure (subject, asked_at, due_at, attempts)
SELECT subject, :now, now(), 0 FROM unnest(CAST(:subject AS text[])) AS asked (subject)
    ON CONFLICT (subject) DO NOTHING
""")
_NOTE_PUBLISHED = tuple(
    text(f"""
    UPDATE {name} SET published_at = now()
     WHERE published_at IS NULL
       AND NOT EXISTS (SELECT FROM outbox WHERE outbox.topic = :topic AND outbox.key = CAST(person_id AS text))
    """)  # noqa: S608  names of our own tables
    for name in ("person_erasure", "person_correction")
)
_NOTE_MARKED = text("""
WITH erased AS (
  UPDATE person_erasure SET marked_at = now()
   WHERE marked_at IS NULL AND published_at <= now() - CAST(:lag AS interval) RETURNING 1),
corrected AS (DELETE FROM person_correction WHERE published_at <= now() - CAST(:lag AS interval) RETURNING 1)
UPDATE people_marker SET fact_sequence = fact_sequence + 1
 WHERE EXISTS (SELECT FROM erased) OR EXISTS (SELECT FROM corrected) RETURNING id, fact_sequence
""")
_CLAIM_ACCOUNTS = text("""
UPDATE account_erasure SET due_at = now() + CAST(:lease AS interval)
 WHERE id IN (
       SELECT id FROM account_erasure AS asked
        WHERE due_at <= now() AND subject IS NOT NULL
          AND NOT EXISTS (SELECT FROM mandate WHERE mandate.subject = asked.subject)
        ORDER BY due_at LIMIT :most FOR UPDATE SKIP LOCKED)
RETURNING id, subject, attempts, due_at
""")
_ACCOUNT_ERASED = text("UPDATE account_erasure SET subject = NULL, done_at = now() WHERE id = :id")
_ACCOUNT_LEFT = text("""
UPDATE account_erasure SET due_at = now() + CAST(:pause AS interval), attempts = attempts + 1
 WHERE id = :id AND due_at = :taken_until
""")
_FORGET_DONE = tuple(
    text(f"""
    DELETE FROM {name} WHERE {key} IN (
           SELECT {key} FROM {name} WHERE {done} < now() - CAST(:kept AS interval) LIMIT :most FOR UPDATE SKIP LOCKED)
    """)  # noqa: S608  names of our own tables
    for name, key, done in (("person_erasure", "person_id", "marked_at"), ("account_erasure", "id", "done_at"))
)


@dataclass(frozen=True, slots=True)
class Account:
    """A sign-in account to be erased; `id` is the number of its row, `subject` the account's (the token's `sub`).

    It is taken until `taken_until`, by the database's clock.
    """

    id: int
    subject: str
    attempts: int
    taken_until: datetime


async def ask(
    session: AsyncSession, person_id: UUID, network_ids: Sequence[UUID], subjects: Iterable[str], now: datetime
) -> None:
    """Inserts the erasure of a person that the networks dealt with, and of their sign-in accounts."""
    connection = await session.connection()
    await connection.execute(_ASK, {"person_id": person_id, "network_ids": list(network_ids), "now": now})
    await connection.execute(_ASK_ACCOUNTS, {"subject": sorted(set(subjects)), "now": now})


async def publish_again(session: AsyncSession, person_id: UUID) -> None:
    """Marks the erasure as not published: the tombstone is sent again and another marker has to follow it."""
    await (await session.connection()).execute(_PUBLISH_AGAIN, {"person_id": person_id})


async def note_corrected(session: AsyncSession, person_ids: Collection[UUID]) -> None:
    """Inserts that Kafka holds earlier values of these people, which compaction drops after the next marker."""
    await (await session.connection()).execute(_NOTE_CORRECTED, {"person_ids": list(person_ids)})


async def note_published(session: AsyncSession) -> None:
    """Marks as published the erasures and corrections whose facts have left the outbox."""
    for statement in _NOTE_PUBLISHED:
        await (await session.connection()).execute(statement, {"topic": PEOPLE.name})


async def note_marked(session: AsyncSession, lag: timedelta) -> list[tuple[UUID, int]]:
    """Returns each partition's marker and next sequence if something was published `lag` ago and needs a marker."""
    rows = await (await session.connection()).execute(_NOTE_MARKED, {"lag": lag})
    return [(row.id, row.fact_sequence) for row in rows]


async def claim_accounts(session: AsyncSession, lease: timedelta, most: int) -> list[Account]:
    """Claims up to `most` due accounts for the time of the lease, but none that a mandate is still linked to."""
    rows = await (await session.connection()).execute(_CLAIM_ACCOUNTS, {"lease": lease, "most": most})
    return [Account(*row) for row in rows]


async def account_erased(session: AsyncSession, account: Account) -> None:
    """Marks the account as erased and empties its subject."""
    await (await session.connection()).execute(_ACCOUNT_ERASED, {"id": account.id})


async def account_left(session: AsyncSession, account: Account, pause: timedelta) -> None:
    """Counts a failed attempt; the next is due after the pause. Does nothing if the lease was lost meanwhile."""
    parameters = {"id": account.id, "pause": pause, "taken_until": account.taken_until}
    await (await session.connection()).execute(_ACCOUNT_LEFT, parameters)


async def forget_done(session: AsyncSession, kept: timedelta, most: int) -> int:
    """Deletes up to `most` erasures of each kind that were done longer ago than `kept`; returns how many."""
    connection = await session.connection()
    return sum([(await connection.execute(forget, {"kept": kept, "most": most})).rowcount for forget in _FORGET_DONE])


_LOCK_ASKED = text("""
SELECT invitation.id FROM invitation
 WHERE invitation.contact_id = :person_id
    OR invitation.id IN (
       SELECT invitation_id FROM commitment WHERE signatory_id = :person_id OR contact_id = :person_id)
 ORDER BY invitation.id FOR NO KEY UPDATE
""")
_FORGET_DECLINED = text("""
UPDATE invitation SET decline_reason = NULL WHERE decline_reason IS NOT NULL AND id = ANY(CAST(:ids AS uuid[]))
""")
_FORGET_RETURNED = text("""
UPDATE commitment SET return_reason = NULL
 WHERE return_reason IS NOT NULL AND invitation_id = ANY(CAST(:ids AS uuid[]))
""")


async def forget_reasons(session: AsyncSession, person_id: UUID) -> None:
    """Empties the reasons of declines and returns on invitations of which the person is the contact or signatory.

    The invitations stay locked until the transaction ends, so that a form or a proof that is being saved meanwhile is
    found by the statements that follow.
    """
    connection = await session.connection()
    ids = list((await connection.execute(_LOCK_ASKED, {"person_id": person_id})).scalars())
    for forget in (_FORGET_DECLINED, _FORGET_RETURNED):
        await connection.execute(forget, {"ids": ids})
