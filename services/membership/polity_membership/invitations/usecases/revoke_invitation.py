"""RevokeInvitation: the links sent so far stop working."""

from datetime import datetime
from uuid import UUID

from polity_chassis.database.engine import Database
from polity_chassis.messaging.publishing.outbox import add_facts

from polity_membership.answers.queries import forget_drafts
from polity_membership.database.aggregates import lock, save
from polity_membership.invitations.domain import Invitation
from polity_membership.proofs.queries import ask_removal


async def revoke_invitation(database: Database, invitation_id: UUID, now: datetime) -> Invitation:
    """Returns the invitation. Revoking it again changes nothing. Raises NotFound or AlreadyCommitted."""
    async with database.transaction() as session:
        invitation = await lock(session, Invitation, invitation_id)
        revoked = invitation.revoke(now)
        if revoked:
            await add_facts(session, invitation, [revoked], occurred_at=now)
            await save(session, invitation)
            await forget_drafts(session, [invitation.id])
            await ask_removal(session, [invitation.id], now)
        return invitation
