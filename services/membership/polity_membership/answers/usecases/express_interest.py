"""ExpressInterest: an invited local government is interested."""

from datetime import datetime
from uuid import UUID

from polity_chassis.database.engine import Database
from polity_chassis.messaging.publishing.cause import current_cause
from polity_chassis.messaging.publishing.outbox import add_facts

from polity_membership.database.aggregates import save
from polity_membership.invitations.queries import lock_linked


async def express_interest(database: Database, invitation_id: UUID, generation: int, now: datetime) -> str:
    """Returns the invitation's status. Repeating it, or after a commitment, changes nothing.

    Raises LinkUnknown, LinkRevoked or LinkExpired.
    """
    async with database.transaction() as session:
        invitation = await lock_linked(session, invitation_id)
        invitation.check_link(generation, now)
        expressed = invitation.express_interest(now)
        if expressed:
            cause = current_cause().on_behalf_of(invitation.local_government_id)
            await add_facts(session, invitation, [expressed], occurred_at=now, cause=cause)
            await save(session, invitation)
        return invitation.status
