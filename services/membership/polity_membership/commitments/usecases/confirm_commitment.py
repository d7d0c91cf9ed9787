"""ConfirmCommitment: the signatory of a submitted pledge is who it should be, so the pledge counts."""

from datetime import datetime
from uuid import UUID

from polity_chassis.database.engine import Database
from polity_chassis.messaging.publishing.outbox import add_facts

from polity_membership.campaigns.usecases.milestones import note_milestone
from polity_membership.commitments.domain import Commitment, confirm
from polity_membership.database.aggregates import save
from polity_membership.invitations.queries import lock_with_commitment, public_places


async def confirm_commitment(database: Database, commitment_id: UUID, now: datetime) -> Commitment:
    """Returns the commitment as it is now; confirming twice changes nothing. Raises NotFound or NotSubmitted."""
    async with database.transaction() as session:
        campaign, invitation, commitment = await lock_with_commitment(session, commitment_id)
        places = await public_places(session, [commitment.local_government_id])
        confirmed = confirm(campaign, invitation, commitment, places[commitment.local_government_id], now)
        if confirmed:
            made, milestone = confirmed
            await add_facts(session, commitment, [made], occurred_at=now)
            await save(session, commitment)
            if milestone:
                await note_milestone(session, campaign, milestone, now)
            await save(session, invitation)
            await save(session, campaign)
        return commitment
