"""RecordPaperAnswer: the secretariat records a commitment from a signed letter, with its proof."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from polity_chassis.database.engine import Database
from polity_chassis.web.idempotency import Ids, Key, once

from polity_membership.commitments.queries import lock_to_answer
from polity_membership.commitments.usecases.commit_to_campaign import SignedCommitment, decide_commitment, save_decided
from polity_membership.errors import LinkUnknown, NotFound
from polity_membership.proofs.errors import ProofUnknown
from polity_membership.proofs.queries import proof_of


@dataclass(frozen=True, slots=True)
class RecordPaperAnswer:
    """`proof_id` is a complete proof of this invitation."""

    invitation_id: UUID
    proof_id: UUID
    signed: SignedCommitment


async def record_paper_answer(
    database: Database, command: RecordPaperAnswer, now: datetime, key: Key | None = None
) -> Ids:
    """Returns commitment_id, status and ordinal. The deadline is not checked: paper may arrive late.

    Raises ProofUnknown, LinkRevoked, AlreadyCommitted, CommitmentIsWithdrawn, ThemesInvalid or SignedInFuture.
    """
    async with database.transaction() as session:

        async def record() -> Ids:
            invited = (await lock_to_answer(session, [command.invitation_id])).get(command.invitation_id)
            if invited is None:
                raise LinkUnknown
            invited.invitation.check_waiting()
            try:
                (await proof_of(session, command.invitation_id, command.proof_id)).check_whole(now)
            except NotFound:
                raise ProofUnknown from None
            decided = decide_commitment(invited, command.signed, now, proof_id=command.proof_id)
            await save_decided(session, [decided], now)
            return decided.ids()

        return await once(session, key, record)
