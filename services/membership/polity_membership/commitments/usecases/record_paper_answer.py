"""RecordPaperAnswer: the secretariat records, with the letter as proof, what a local government signed on paper."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from polity_chassis.database.engine import Database

from polity_membership.commitments.usecases.commit_to_campaign import Signed, give, save_given
from polity_membership.database.repeatable import Ids, Once, always
from polity_membership.errors import LinkUnknown, NotFound, ProofUnknown
from polity_membership.invitations.queries import lock_asked
from polity_membership.proofs.queries import proof_of


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
            asked = (await lock_asked(session, [command.invitation_id])).get(command.invitation_id)
            if asked is None:
                raise LinkUnknown
            asked.invitation.check_waiting()
            try:
                (await proof_of(session, command.invitation_id, command.proof_id)).check_whole(now)
            except NotFound:
                raise ProofUnknown from None
            given = give(asked, command.signed, now, proof_id=command.proof_id)
            await save_given(session, [given], now)
            return given.ids()

        return await once(session, record)
