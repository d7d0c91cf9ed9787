"""RecordPaperAnswer: the secretariat records, with the letter as proof, what a local government signed on paper."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from polity_chassis.database import Database

from polity_membership.domain.errors import NotFound, ProofUnknown
from polity_membership.storage.campaigns import lock_with_invitation
from polity_membership.storage.proofs import proof_of
from polity_membership.usecases.commit_to_campaign import Signed, give
from polity_membership.usecases.repeatable import Ids, Once, always


@dataclass(frozen=True, slots=True)
class RecordPaperAnswer:
    """`proof_id` is that of a whole proof of this invitation."""

    invitation_id: UUID
    proof_id: UUID
    signed: Signed


async def record_paper_answer(
    database: Database, command: RecordPaperAnswer, now: datetime, once: Once = always
) -> Ids:
    """Returns commitment_id, status and ordinal; paper may arrive when the time to answer is over.

    Raises ProofUnknown, LinkRevoked, AlreadyCommitted, CommitmentIsWithdrawn, ThemesInvalid or SignedInFuture.
    """
    async with database.transaction() as session:

        async def record() -> Ids:
            campaign, invitation = await lock_with_invitation(session, command.invitation_id)
            invitation.check_waiting()
            try:
                (await proof_of(session, invitation.id, command.proof_id)).check_whole(now)
            except NotFound:
                raise ProofUnknown from None
            return await give(session, campaign, invitation, command.signed, now, proof_id=command.proof_id)

        return await once(session, record)
