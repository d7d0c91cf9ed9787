"""ReturnCommitment: the secretariat returns a submitted commitment, with a reason, to be made again."""

from datetime import datetime
from uuid import UUID

from polity_chassis.database.engine import Database
from polity_chassis.messaging.publishing.outbox import add_facts

from polity_membership.answers.domain import AnswerDraft, Filled
from polity_membership.answers.queries import save_draft
from polity_membership.commitments.domain import Commitment, send_back
from polity_membership.commitments.queries import lock_with_commitment
from polity_membership.database.aggregates import lock, save
from polity_membership.people.domain import Person


async def return_commitment(database: Database, commitment_id: UUID, reason: str, now: datetime) -> Commitment:
    """Returns the commitment, and saves what was submitted as the form.

    Returning it again changes nothing. Raises NotFound or NotSubmitted.
    """
    async with database.transaction() as session:
        _, invitation, commitment = await lock_with_commitment(session, commitment_id)
        returned = send_back(invitation, commitment, reason, now)
        if returned:
            await add_facts(session, commitment, [returned], occurred_at=now)
            await save(session, commitment)
            await save(session, invitation)
            # Locked, or an erasure of this instant would miss the form that names the signatory.
            signatory = await lock(session, Person, commitment.signatory_id)
            filled = Filled(signatory.name, signatory.office, commitment.signed_on, commitment.themes)
            await save_draft(session, AnswerDraft(invitation.id).saved(filled, now))
        return commitment
