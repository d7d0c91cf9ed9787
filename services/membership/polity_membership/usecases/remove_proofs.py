"""RemoveProofs: files that nobody needs or may have any more are deleted, after the change that said so."""

from datetime import datetime

from polity_chassis.database import Database

from polity_membership.storage.files import Files
from polity_membership.storage.proofs import claim_removals, save_proof

AT_ONCE = 10


async def remove_proofs(database: Database, files: Files, now: datetime) -> int:
    """Returns how many proofs' files were deleted, those of uploads that were never finished among them.

    A kill in between leaves a row that still names its folder, and the next call deletes again. Raises OSError.
    """
    async with database.transaction() as session:
        claimed = await claim_removals(session, now, AT_ONCE)
        for proof in claimed:
            assert proof.folder
            await files.remove(proof.folder)
            proof.folder, proof.removal_asked_at = None, proof.removal_asked_at or now
            await save_proof(session, proof)
        return len(claimed)
