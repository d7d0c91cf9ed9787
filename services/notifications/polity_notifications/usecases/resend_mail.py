"""ResendMail: one mail goes out once more, to the address that its reader has by then."""

from uuid import UUID

from polity_chassis.database.engine import Database

from polity_notifications.domain.deliveries import Limits
from polity_notifications.domain.validity import check_resend
from polity_notifications.storage import resending


async def resend(database: Database, delivery_id: UUID, limits: Limits) -> resending.Resent:
    """Queues the delivery, which must be there, with a new time to expire. Raises ResendRefused."""
    async with database.transaction() as session:
        check_resend(await resending.lock(session, delivery_id))
        return await resending.again(session, delivery_id, limits.waiting)
