"""RemoveProofs: files that nobody needs or may have any more are deleted, after the change that said so."""

import logging
from datetime import datetime
from uuid import UUID

from polity_chassis.database import Database
from polity_chassis.failures import describe
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_membership.domain.proofs import Proof
from polity_membership.storage.files import Files
from polity_membership.storage.proofs import claim_removal, save_proof

log = logging.getLogger(__name__)


async def remove_proofs(database: Database, files: Files, now: datetime) -> int:
    """Returns how many proofs' files were deleted, those of uploads that were never finished among them.

    Each in a transaction of its own: one that can't be deleted holds none of the others back and is tried again at the
    next call. A kill in between leaves a row that still names its folder, and the next call deletes again. Raises
    OSError at the end where one could not be deleted.
    """
    removed, after = 0, UUID(int=0)
    failed: OSError | None = None
    while True:
        async with database.transaction() as session:
            proof = await claim_removal(session, now, after)
            if proof is None:
                break
            after = proof.id
            try:
                await _remove(session, files, proof, now)
            except OSError as error:
                log.warning("a proof was not removed: %s", describe(error, personal=True), extra={"proof": str(after)})
                failed = error
                continue
        removed += 1
    if failed:
        raise failed
    return removed


async def _remove(session: AsyncSession, files: Files, proof: Proof, now: datetime) -> None:
    assert proof.folder
    await files.remove(proof.folder)
    proof.folder, proof.removal_asked_at = None, proof.removal_asked_at or now
    await save_proof(session, proof)
