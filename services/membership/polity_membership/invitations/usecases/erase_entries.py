"""EraseEntries: what was written or sent for an invitation, and may speak of anybody, is emptied at once."""

from datetime import datetime
from uuid import UUID

from polity_chassis.database.engine import Database

from polity_membership.answers.queries import forget_drafts
from polity_membership.database.aggregates import lock, save, save_all
from polity_membership.invitations.domain import Invitation
from polity_membership.invitations.queries import lock_pledges
from polity_membership.proofs.queries import ask_removal


async def erase_entries(database: Database, invitation_id: UUID, now: datetime) -> None:
    """Forgets the saved form, why it was declined or returned, and letters that no pledge rests on; twice is once.

    For people whom no person's row stands for: named in a form that was never sent, seen on a photo. Raises NotFound.
    """
    async with database.transaction() as session:
        invitation = await lock(session, Invitation, invitation_id)
        pledges = await lock_pledges(session, invitation_id)
        await forget_drafts(session, [invitation.id])
        await ask_removal(session, [invitation.id], now, but=[each.proof_id for each in pledges if each.proof_id])
        invitation.decline_reason = None
        await save(session, invitation)
        for pledge in pledges:
            pledge.return_reason = None
        await save_all(session, pledges)
