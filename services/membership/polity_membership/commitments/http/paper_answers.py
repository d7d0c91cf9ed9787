"""Answers on paper, as the secretariat records them on the local government's behalf."""

from uuid import UUID

from fastapi import APIRouter
from polity_chassis.authorization.access import access
from polity_chassis.web.dependencies import DatabaseDep, NowDep
from polity_chassis.web.idempotency import IdempotencyDep

from polity_membership.answers.http.answers import CommitmentId, CommitmentIn
from polity_membership.api.access_rules import OF_INVITATION
from polity_membership.commitments.domain import CommitmentContent
from polity_membership.commitments.errors import COMMITMENT_REFUSALS
from polity_membership.commitments.usecases.commit_to_campaign import SignedCommitment
from polity_membership.commitments.usecases.record_paper_answer import RecordPaperAnswer, record_paper_answer
from polity_membership.errors import LinkRevoked
from polity_membership.proofs.errors import ProofUnknown

router = APIRouter(prefix="/v1", tags=["invitations"])


class PaperAnswerIn(CommitmentIn):
    """What the letter says; `proof_id` is that of its photo, sent for this invitation by whomever."""

    proof_id: UUID


@router.post(
    "/invitations/{invitation_id}/commitment",
    status_code=201,
    **access(OF_INVITATION, LinkRevoked, ProofUnknown, *COMMITMENT_REFUSALS),
)
async def post_paper_answer(
    invitation_id: UUID, body: PaperAnswerIn, database: DatabaseDep, now: NowDep, key: IdempotencyDep
) -> CommitmentId:
    """Records a letter signed on paper, also after the deadline; it counts, for the secretariat saw the signature."""
    signed = SignedCommitment(
        CommitmentContent(tuple(body.themes), body.signed_on), body.signatory_name, body.signatory_office
    )
    command = RecordPaperAnswer(invitation_id, body.proof_id, signed)
    return CommitmentId(**await record_paper_answer(database, command, now, key))
