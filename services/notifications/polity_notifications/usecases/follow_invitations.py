"""What becomes of an invitation, or of the pledge that answers it, decides which of its mails are still to be sent."""

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from polity_notifications.domain.validity import unsent_status
from polity_notifications.storage import mail_states


async def follow_invitations(session: AsyncSession, invitation_ids: Collection[UUID]) -> None:
    """Cancels what no longer holds of the invitations, and queues what was cancelled and holds after all.

    Their rows must have been written in this transaction: two that learn of the same invitation wait for each other.
    """
    unsent = await mail_states.lock_unsent(session, invitation_ids)
    statuses = {one.delivery_id: status for one in unsent if (status := unsent_status(one.state)) != one.state.status}
    await mail_states.change(session, statuses)


async def follow_deadlines(session: AsyncSession, invitation_ids: Collection[UUID], waiting: timedelta) -> None:
    """Does the same after a deadline was moved, and lets what waits for it expire later."""
    await follow_invitations(session, invitation_ids)
    await mail_states.prolong(session, invitation_ids, waiting)
