"""ReturnCommitment: the secretariat asks a local government to submit its pledge again, and says why."""

from datetime import datetime
from uuid import UUID

from polity_chassis.database.engine import Database
from polity_chassis.messaging.publishing.outbox import add_facts

from polity_membership.answers.domain import AnswerDraft, Filled
from polity_membership.answers.queries import save_draft
from polity_membership.commitments.domain import Commitment, return_pledge
from polity_membership.database.aggregates import lock, save
from polity_membership.invitations.queries import lock_with_commitment
from polity_membership.people.domain import Person


async def return_commitment(database: Database, commitment_id: UUID, reason: str, now: datetime) -> Commitment:
    """Returns the commitment as it is now, and leaves the form filled with what was submitted.

    Returning twice changes nothing. Raises NotFound or NotSubmitted.
    """
    async with database.transaction() as session:
        _, invitation, commitment = await lock_with_commitment(session, commitment_id)
        returned = return_pledge(invitation, commitment, reason, now)
        if returned:
            await add_facts(session, commitment, [returned], occurred_at=now)
            await save(session, commitment)
            await save(session, invitation)
            # Locked, or an erasure of this instant would miss the form that names the signatory.
            signatory = await lock(session, Person, commitment.signatory_id)
            filled = Filled(signatory.name, signatory.office, commitment.signed_on, commitment.themes)
            await save_draft(session, AnswerDraft(invitation.id).saved(filled, now))
        return commitment
