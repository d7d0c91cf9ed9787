"""SendProof: a proof is received in pieces; each is stored before it is acknowledged."""

import asyncio
import secrets
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from polity_chassis.database.engine import Database
from polity_chassis.ids import new_id
from polity_chassis.web.idempotency import Ids, Key, once
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_membership.invitations.domain import Invitation
from polity_membership.invitations.queries import load_linked, lock_linked
from polity_membership.proofs.domain.images import check_size
from polity_membership.proofs.domain.proof import BY_LINK, BY_SECRETARIAT, MOST_PROOFS, Proof
from polity_membership.proofs.errors import OffsetMismatch, TooManyProofs
from polity_membership.proofs.files import Files, name_of
from polity_membership.proofs.queries import add_piece, add_proof, count_proofs, pieces_of, proof_of, save_proof


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends a proof for an invitation: the holder of a link of that generation, or if None the secretariat."""

    invitation_id: UUID
    generation: int | None = None

    def check(self, invitation: Invitation, now: datetime) -> None:
        """Raises LinkRevoked, LinkUnknown or LinkExpired; the secretariat may send whenever the paper arrives."""
        if self.generation is not None:
            invitation.check_link(self.generation, now)


@dataclass(frozen=True, slots=True)
class Piece:
    """The next piece of a proof, and the offset at which it begins."""

    proof_id: UUID
    offset: int
    content: bytes


async def begin_proof(
    database: Database, sender: Sender, length_bytes: int, now: datetime, key: Key | None = None
) -> Ids:
    """Returns the proof_id under which pieces may now be sent.

    Raises what the sender's link is refused for, AlreadyCommitted, ProofTooLarge or TooManyProofs.
    """
    async with database.transaction() as session:

        async def begin() -> Ids:
            invitation = await lock_linked(session, sender.invitation_id)
            sender.check(invitation, now)
            invitation.check_open()
            by = BY_SECRETARIAT if sender.generation is None else BY_LINK
            proof = Proof(new_id(), invitation.id, secrets.token_hex(16), by, length_bytes, now)
            proof.check_length()
            if await count_proofs(session, invitation.id) >= MOST_PROOFS:
                raise TooManyProofs
            await add_proof(session, proof)
            return {"proof_id": str(proof.id)}

        return await once(session, key, begin)


async def find_proof(database: Database, sender: Sender, proof_id: UUID, now: datetime) -> Proof:
    """Returns how far the proof has come; raises NotFound, or what the sender's link is refused for."""
    async with database.transaction() as session:
        return await _proof(session, sender, proof_id, now)


async def receive_piece(database: Database, files: Files, sender: Sender, piece: Piece, now: datetime) -> Proof:
    """Returns the proof with the piece in it, stored for good.

    It is written outside of any transaction and counts once the proof names its file: one that a kill or another
    sender comes before lies there for nothing, and goes with the proof.
    Raises NotFound, OffsetMismatch, ProofTooLarge, ProofOpensTooLarge, ProofTypeRefused or what the sender's link is
    refused for.
    """
    proof = await find_proof(database, sender, piece.proof_id, now)
    proof.receive(piece.offset, piece.content, now)
    if not piece.content:
        return proof
    assert proof.folder
    name = name_of(piece.offset, piece.content)
    await files.write(proof.folder, name, piece.content)
    if proof.finished_at and piece.offset:
        await _check_whole(database, files, proof, {piece.offset: name})
    try:
        return await _take(database, sender, piece, name, now)
    except OffsetMismatch:
        async with database.transaction() as session:
            taken = (await pieces_of(session, proof.id)).get(piece.offset)
        if taken not in (None, name):
            await files.remove(proof.folder, name)
        raise


async def _check_whole(database: Database, files: Files, proof: Proof, last: dict[int, str]) -> None:
    """Raises ProofOpensTooLarge for what the first piece alone didn't show."""
    assert proof.folder
    assert proof.media_type
    async with database.transaction() as session:
        pieces = await pieces_of(session, proof.id)
    whole = await files.read(proof.folder, {**pieces, **last})
    await asyncio.to_thread(check_size, whole, proof.media_type)


async def _take(database: Database, sender: Sender, piece: Piece, name: str, now: datetime) -> Proof:
    async with database.transaction() as session:
        proof = await _proof(session, sender, piece.proof_id, now, lock=True)
        proof.receive(piece.offset, piece.content, now)
        await add_piece(session, proof.id, piece.offset, name)
        await save_proof(session, proof)
        return proof


async def _proof(session: AsyncSession, sender: Sender, proof_id: UUID, now: datetime, *, lock: bool = False) -> Proof:
    sender.check(await load_linked(session, sender.invitation_id), now)
    proof = await proof_of(session, sender.invitation_id, proof_id, lock=lock)
    proof.check_there(now)
    return proof
