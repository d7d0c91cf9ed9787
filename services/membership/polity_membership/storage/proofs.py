"""Proofs and their rows. Their bytes are in files: a row without a folder has none any more."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, or_, select, text, update
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_membership.domain.errors import NotFound
from polity_membership.domain.proofs import UNFINISHED_FOR, Proof
from polity_membership.storage.bulk import among
from polity_membership.storage.tables import table

proofs = table("proof")
CHANGING = ("received_bytes", "media_type", "finished_at", "removal_asked_at", "folder")

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
    """Writes what may have changed back to the locked row."""
    values = {name: getattr(proof, name) for name in CHANGING}
    await (await session.connection()).execute(update(proofs).where(proofs.c.id == proof.id).values(values))


async def count_proofs(session: AsyncSession, invitation_id: UUID) -> int:
    """Returns how many proofs the invitation has whose bytes are or may be there."""
    statement = select(func.count()).where(proofs.c.invitation_id == invitation_id, proofs.c.folder.is_not(None))
    return int((await (await session.connection()).execute(statement)).scalar_one())


async def proof_of(session: AsyncSession, invitation_id: UUID, proof_id: UUID, *, lock: bool = False) -> Proof:
    """Returns the invitation's proof, with `lock` until the transaction ends for nobody else; raises NotFound."""
    statement = select(proofs).where(proofs.c.id == proof_id, proofs.c.invitation_id == invitation_id)
    return await _one(session, statement.with_for_update(key_share=True) if lock else statement)


async def load_proof(session: AsyncSession, proof_id: UUID) -> Proof:
    """Returns the proof; raises NotFound."""
    return await _one(session, select(proofs).where(proofs.c.id == proof_id))


async def list_proofs(session: AsyncSession, invitation_id: UUID) -> Sequence[Mapping[Any, Any]]:
    """Returns the invitation's whole proofs, the newest first."""
    finished = proofs.c.finished_at.is_not(None) & proofs.c.removal_asked_at.is_(None)
    statement = select(proofs).where(proofs.c.invitation_id == invitation_id, finished)
    ordered = statement.order_by(proofs.c.finished_at.desc(), proofs.c.id)
    return (await (await session.connection()).execute(ordered)).mappings().all()


async def ask_removal(
    session: AsyncSession, invitation_ids: Collection[UUID], now: datetime, *, but: Collection[UUID] = ()
) -> None:
    """Asks for the removal of the invitations' proofs, all but those: nobody needs them any more."""
    asked = update(proofs).where(among(proofs.c.invitation_id, invitation_ids), proofs.c.removal_asked_at.is_(None))
    unneeded = asked.where(~among(proofs.c.id, but))
    await (await session.connection()).execute(unneeded.values(removal_asked_at=now))


async def ask_removal_of_person(session: AsyncSession, person_id: UUID, now: datetime) -> None:
    """Asks for the removal of every proof that may show the person's signature: as contact or signatory."""
    await (await session.connection()).execute(_OF_PERSON, {"person_id": person_id, "now": now})


async def claim_removal(session: AsyncSession, now: datetime, after: UUID) -> Proof | None:
    """Returns the next proof by id, locked, whose files are to go: they are asked for or were never finished."""
    unfinished = proofs.c.finished_at.is_(None) & (proofs.c.created_at < now - UNFINISHED_FOR)
    due = or_(proofs.c.removal_asked_at.is_not(None), unfinished)
    statement = select(proofs).where(proofs.c.folder.is_not(None), due, proofs.c.id > after)
    locked = statement.order_by(proofs.c.id).limit(1).with_for_update(key_share=True, skip_locked=True)
    row = (await (await session.connection()).execute(locked)).mappings().one_or_none()
    return Proof(**row) if row else None


async def _one(session: AsyncSession, statement: Any) -> Proof:
    row = (await (await session.connection()).execute(statement)).mappings().one_or_none()
    if row is None:
        raise NotFound
    return Proof(**row)
