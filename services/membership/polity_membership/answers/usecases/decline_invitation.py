"""DeclineInvitation: an invited local government says "not this time"."""

from datetime import datetime
from uuid import UUID

from polity_chassis.database.engine import Database
from polity_chassis.messaging.publishing.cause import current_cause
from polity_chassis.messaging.publishing.outbox import add_facts

from polity_membership.database.aggregates import save
from polity_membership.invitations.queries import lock_linked


async def decline_invitation(
    database: Database, invitation_id: UUID, generation: int, reason: str | None, now: datetime
) -> str:
    """Returns the invitation's status. Repeating it changes nothing, not even the reason.

    Raises LinkUnknown, LinkRevoked, LinkExpired, AlreadyCommitted or CommitmentIsWithdrawn.
    """
    async with database.transaction() as session:
        invitation = await lock_linked(session, invitation_id)
        invitation.check_link(generation, now)
        declined = invitation.decline(reason, now)
        if declined:
            cause = current_cause().on_behalf_of(invitation.local_government_id)
            await add_facts(session, invitation, [declined], occurred_at=now, cause=cause)
            await save(session, invitation)
        return invitation.status
