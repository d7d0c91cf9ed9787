"""EraseEntries: what was entered for an invitation is erased, since it may name anybody."""

from datetime import datetime
from uuid import UUID

from polity_chassis.database.engine import Database

from polity_membership.answers.queries import forget_drafts
from polity_membership.commitments.queries import lock_commitments_of
from polity_membership.database.aggregates import lock, save, save_all
from polity_membership.invitations.domain import Invitation
from polity_membership.proofs.queries import ask_removal


async def erase_entries(database: Database, invitation_id: UUID, now: datetime) -> None:
    """Erases the saved form, the reasons, and letters that no commitment rests on. Repeating it changes nothing.

    For people without a row in `person`: named in a form that was never sent, or seen on a photo. Raises NotFound.
    """
    async with database.transaction() as session:
        invitation = await lock(session, Invitation, invitation_id)
        commitments = await lock_commitments_of(session, invitation_id)
        await forget_drafts(session, [invitation.id])
        await ask_removal(session, [invitation.id], now, but=[each.proof_id for each in commitments if each.proof_id])
        invitation.decline_reason = None
        await save(session, invitation)
        for commitment in commitments:
            commitment.return_reason = None
        await save_all(session, commitments)
