"""EndMandate: nobody acts under the mandate any more."""

from datetime import datetime
from uuid import UUID

from polity_chassis.database.engine import Database
from polity_chassis.messaging.publishing.outbox import add_facts

from polity_membership.database.aggregates import lock, save
from polity_membership.mandates.domain import Mandate


async def end_mandate(database: Database, mandate_id: UUID, now: datetime) -> Mandate:
    """Returns the mandate. Ending it again changes nothing. Raises NotFound."""
    async with database.transaction() as session:
        mandate = await lock(session, Mandate, mandate_id)
        ended = mandate.end(now)
        if ended:
            await add_facts(session, mandate, [ended], occurred_at=now)
            await save(session, mandate)
        return mandate
