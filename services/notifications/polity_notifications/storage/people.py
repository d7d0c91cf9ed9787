"""Whom mails are for. This table alone holds names and addresses; an erased person's row stays, emptied."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from polity_contracts.membership.people import PersonRecorded
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

_LOCK = text("""
INSERT INTO person (person_id) SELECT person_id FROM unnest(CAST(:person_id AS uuid[])) AS wanted (person_id)
    ON CONFLICT (person_id) DO UPDATE SET person_id = excluded.person_id
""")
_RECORD = text("""
UPDATE person SET name = recorded.name, email = recorded.email, language = recorded.language
  FROM unnest(CAST(:person_id AS uuid[]), CAST(:name AS text[]), CAST(:email AS text[]), CAST(:language AS text[]))
       AS recorded (person_id, name, email, language)
 WHERE person.person_id = recorded.person_id AND person.erased_at IS NULL
""")
_ERASE = text("""
UPDATE person SET name = NULL, email = NULL, language = NULL, erased_at = coalesce(erased_at, now())
 WHERE person_id = ANY (CAST(:person_id AS uuid[]))
""")


async def lock(session: AsyncSession, person_ids: Iterable[UUID]) -> None:
    """Locks the people's rows until the commit, making the missing ones.

    Whoever asks for a mail and whoever learns of an address or of an erasure thus see each other.
    """
    await (await session.connection()).execute(_LOCK, {"person_id": sorted(set(person_ids))})


async def record(session: AsyncSession, facts: Sequence[PersonRecorded]) -> None:
    """Writes how the people are reached, but for those who were erased; their rows are locked already."""
    rows = list({fact.person_id: fact for fact in facts}.values())
    columns = {
        "person_id": [row.person_id for row in rows],
        "name": [row.name for row in rows],
        "email": [row.email for row in rows],
        "language": [row.language for row in rows],
    }
    await (await session.connection()).execute(_RECORD, columns)


async def erase(session: AsyncSession, person_ids: Sequence[UUID]) -> None:
    """Empties the people's rows for good; their rows are locked already."""
    await (await session.connection()).execute(_ERASE, {"person_id": list(person_ids)})
