"""ResendMail: one mail goes out once more, to the address that its reader has by then."""

from datetime import datetime
from uuid import UUID

from polity_chassis.database import Database

from polity_notifications.domain.deliveries import Limits, resend_until
from polity_notifications.storage import resending


async def resend(database: Database, delivery_id: UUID, limits: Limits, now: datetime) -> None:
    """Queues the delivery, which must be there, with a new time to expire. Raises ResendRefused."""
    async with database.transaction() as session:
        mail = await resending.lock(session, delivery_id)
        await resending.again(session, delivery_id, resend_until(mail, limits, now), now)
