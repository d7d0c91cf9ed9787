"""WithdrawCommitment: a counted commitment is withdrawn; milestones stay reached."""

from datetime import datetime
from uuid import UUID

from polity_chassis.database.engine import Database
from polity_chassis.messaging.publishing.outbox import add_facts

from polity_membership.commitments.domain import Commitment, withdraw
from polity_membership.commitments.queries import lock_with_commitment
from polity_membership.database.aggregates import save


async def withdraw_commitment(database: Database, commitment_id: UUID, now: datetime) -> Commitment:
    """Returns the commitment. Withdrawing it again changes nothing. Raises NotFound or NotCounted."""
    async with database.transaction() as session:
        campaign, invitation, commitment = await lock_with_commitment(session, commitment_id)
        withdrawn = withdraw(campaign, invitation, commitment, now)
        if withdrawn:
            await add_facts(session, commitment, [withdrawn], occurred_at=now)
            await save(session, commitment)
            await save(session, invitation)
            await save(session, campaign)
        return commitment
