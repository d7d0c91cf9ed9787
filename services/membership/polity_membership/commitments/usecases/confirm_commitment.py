"""ConfirmCommitment: the signatory of a submitted commitment is confirmed, so the commitment counts."""

from datetime import datetime
from uuid import UUID

from polity_chassis.database.engine import Database
from polity_chassis.messaging.publishing.outbox import add_facts

from polity_membership.campaigns.queries import add_milestones
from polity_membership.commitments.domain import Commitment, confirm
from polity_membership.commitments.queries import lock_with_commitment
from polity_membership.database.aggregates import save
from polity_membership.local_governments.queries import public_local_governments


async def confirm_commitment(database: Database, commitment_id: UUID, now: datetime) -> Commitment:
    """Returns the commitment. Confirming it again changes nothing. Raises NotFound or NotSubmitted."""
    async with database.transaction() as session:
        campaign, invitation, commitment = await lock_with_commitment(session, commitment_id)
        local_governments = await public_local_governments(session, [commitment.local_government_id])
        confirmed = confirm(campaign, invitation, commitment, local_governments[commitment.local_government_id], now)
        if confirmed:
            made, milestone = confirmed
            await add_facts(session, commitment, [made], occurred_at=now)
            await save(session, commitment)
            if milestone:
                await add_milestones(session, [milestone])
                await add_facts(session, campaign, [milestone], occurred_at=now)
            await save(session, invitation)
            await save(session, campaign)
        return commitment
