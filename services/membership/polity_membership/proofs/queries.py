"""Proofs and their pieces. The bytes are in files; a row without a folder has none any more."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import func, insert, select, text, update
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_membership.database.bulk import among
from polity_membership.errors import NotFound
from polity_membership.proofs.domain.proof import UNFINISHED_FOR, Proof
from polity_membership.proofs.tables import pieces, proofs

CHANGING = ("received_bytes", "media_type", "finished_at")

LONGEST_PIECE = timedelta(minutes=2)
"""How long writing a piece may take: the clients of buckets time out long before."""
_OF_PERSON = text("""
UPDATE proof SET removal_asked_at = :now
  FROM invitation LEFT JOIN commitment ON commitment.invitation_id = invitation.id
 WHERE invitation.id = proof.invitation_id AND proof.removal_asked_at IS NULL
   AND (invitation.contact_id = :person_id OR commitment.signatory_id = :person_id)
""")


async def add_proof(session: AsyncSession, proof: Proof) -> None:
    """Inserts the row of a new proof."""
    await (await session.connection()).execute(insert(proofs).values(asdict(proof)))


async def save_proof(session: AsyncSession, proof: Proof) -> None:
    """Updates what a piece changes; the caller holds the row's lock."""
    values = {name: getattr(proof, name) for name in CHANGING}
    await (await session.connection()).execute(update(proofs).where(proofs.c.id == proof.id).values(values))


async def count_proofs(session: AsyncSession, invitation_id: UUID) -> int:
    """Returns how many proofs the invitation has, removed ones left out."""
    statement = select(func.count()).where(proofs.c.invitation_id == invitation_id, proofs.c.folder.is_not(None))
    return int((await (await session.connection()).execute(statement)).scalar_one())


async def proof_of(session: AsyncSession, invitation_id: UUID, proof_id: UUID, *, lock: bool = False) -> Proof:
    """Returns the invitation's proof, locked until the transaction ends with `lock`; raises NotFound."""
    statement = select(proofs).where(proofs.c.id == proof_id, proofs.c.invitation_id == invitation_id)
    return await _one(session, statement.with_for_update(key_share=True) if lock else statement)


async def load_proof(session: AsyncSession, proof_id: UUID) -> Proof:
    """Returns the proof; raises NotFound."""
    return await _one(session, select(proofs).where(proofs.c.id == proof_id))


async def list_proofs(session: AsyncSession, invitation_id: UUID) -> Sequence[Mapping[Any, Any]]:
    """Returns the invitation's complete proofs, the newest first."""
    finished = proofs.c.finished_at.is_not(None) & proofs.c.removal_asked_at.is_(None)
    statement = select(proofs).where(proofs.c.invitation_id == invitation_id, finished)
    ordered = statement.order_by(proofs.c.finished_at.desc(), proofs.c.id)
    return (await (await session.connection()).execute(ordered)).mappings().all()


async def ask_removal(
    session: AsyncSession, invitation_ids: Collection[UUID], now: datetime, *, but: Collection[UUID] = ()
) -> None:
    """Marks the invitations' proofs for removal, except those in `but`."""
    asked = update(proofs).where(among(proofs.c.invitation_id, invitation_ids), proofs.c.removal_asked_at.is_(None))
    unneeded = asked.where(~among(proofs.c.id, but))
    await (await session.connection()).execute(unneeded.values(removal_asked_at=now))


async def ask_removal_of_person(session: AsyncSession, person_id: UUID, now: datetime) -> None:
    """Marks for removal every proof that may show the person's signature, as contact or signatory."""
    await (await session.connection()).execute(_OF_PERSON, {"person_id": person_id, "now": now})


_NEXT_REMOVAL = text("""
SELECT id, folder, removed_at IS NULL AS first FROM proof
 WHERE folder IS NOT NULL AND removal_asked_at IS NOT NULL AND id > :after
   AND (removed_at IS NULL OR removed_at < now() - CAST(:one_piece AS interval))
 ORDER BY id LIMIT 1
""")
_REMOVED = text("""
UPDATE proof SET removed_at = coalesce(removed_at, now()), folder = CASE WHEN removed_at IS NULL THEN folder END
 WHERE id = :id
""")
_FORGET_PIECES = text("DELETE FROM proof_piece WHERE proof_id = :id")


class Removal(NamedTuple):
    """A proof whose files are to be deleted; `first` is False the second time."""

    id: UUID
    folder: str
    first: bool


async def give_up_unfinished(session: AsyncSession, now: datetime) -> None:
    """Marks for removal the uploads that were not finished in time; they accept no further piece."""
    unfinished = proofs.c.finished_at.is_(None) & (proofs.c.created_at < now - UNFINISHED_FOR)
    gone = update(proofs).where(proofs.c.folder.is_not(None), unfinished, proofs.c.removal_asked_at.is_(None))
    await (await session.connection()).execute(gone.values(removal_asked_at=now))


async def next_removal(session: AsyncSession, after: UUID) -> Removal | None:
    """Returns the next proof by id whose files are to be deleted now, or None.

    They are deleted at once, and again after LONGEST_PIECE, for a piece that was being written meanwhile.
    """
    parameters = {"after": after, "one_piece": LONGEST_PIECE}
    row = (await (await session.connection()).execute(_NEXT_REMOVAL, parameters)).one_or_none()
    return Removal(*row) if row else None


async def note_removed(session: AsyncSession, removal: Removal) -> None:
    """Marks the proof's files as deleted; the second time also its folder is emptied."""
    connection = await session.connection()
    await connection.execute(_REMOVED, {"id": removal.id})
    if not removal.first:
        await connection.execute(_FORGET_PIECES, {"id": removal.id})


_FORGET_REMOVED = text("""
DELETE FROM proof WHERE id IN (
       SELECT id FROM proof AS removed
        WHERE folder IS NULL AND coalesce(removed_at, created_at) < now() - CAST(:kept AS interval)
          AND NOT EXISTS (SELECT FROM commitment WHERE commitment.proof_id = removed.id)
          AND NOT EXISTS (SELECT FROM proof_piece WHERE proof_piece.proof_id = removed.id)
        LIMIT :most FOR UPDATE SKIP LOCKED)
""")


async def forget_removed(session: AsyncSession, kept: timedelta, most: int) -> int:
    """Deletes up to `most` rows that no commitment names and whose files went longer ago; returns how many."""
    return (await (await session.connection()).execute(_FORGET_REMOVED, {"kept": kept, "most": most})).rowcount


async def add_piece(session: AsyncSession, proof_id: UUID, begins_at: int, name: str) -> None:
    """Inserts the file of the proof's next piece."""
    values = {"proof_id": proof_id, "begins_at": begins_at, "name": name}
    await (await session.connection()).execute(insert(pieces).values(values))


async def pieces_of(session: AsyncSession, proof_id: UUID) -> dict[int, str]:
    """Returns the names of the proof's files by the offset at which each begins."""
    statement = select(pieces.c.begins_at, pieces.c.name).where(pieces.c.proof_id == proof_id)
    return {row.begins_at: row.name for row in await (await session.connection()).execute(statement)}


async def _one(session: AsyncSession, statement: Any) -> Proof:
    row = (await (await session.connection()).execute(statement)).mappings().one_or_none()
    if row is None:
        raise NotFound
    return Proof(**row)
