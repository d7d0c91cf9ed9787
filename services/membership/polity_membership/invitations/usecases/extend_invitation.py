"""ExtendInvitation: the links sent so far work until a later deadline."""

from datetime import datetime
from uuid import UUID

from polity_chassis.database.engine import Database
from polity_chassis.messaging.publishing.outbox import add_facts
from polity_contracts.membership.values import Deadline

from polity_membership.database.aggregates import lock, save
from polity_membership.invitations.domain import Invitation


async def extend_invitation(database: Database, invitation_id: UUID, reply_by: Deadline, now: datetime) -> Invitation:
    """Returns the invitation. Extending it again to the same deadline changes nothing.

    Raises NotFound, DeadlinePassed, DeadlineNotLater, LinkRevoked, AlreadyCommitted or CommitmentIsWithdrawn.
    """
    async with database.transaction() as session:
        invitation = await lock(session, Invitation, invitation_id)
        extended = invitation.extend(reply_by, now)
        if extended:
            await add_facts(session, invitation, [extended], occurred_at=now)
            await save(session, invitation)
        return invitation
