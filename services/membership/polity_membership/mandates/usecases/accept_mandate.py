"""AcceptMandate: a signed-in person accepts the mandate's link and acts under it from now on."""

from datetime import datetime
from uuid import UUID

from polity_chassis.database.engine import Database
from polity_chassis.messaging.publishing.cause import Acting, act_as
from polity_chassis.messaging.publishing.outbox import add_facts

from polity_membership.database.aggregates import lock, save
from polity_membership.errors import LinkUnknown, NotFound
from polity_membership.mandates.domain import Mandate


async def accept_mandate(database: Database, mandate_id: UUID, generation: int, subject: str, now: datetime) -> Mandate:
    """Returns the mandate, linked to the sign-in `subject` (the token's `sub`).

    Raises LinkUnknown, LinkRevoked, MandateHasEnded, or MandateAlreadyLinked when it is somebody else's.
    """
    async with database.transaction() as session:
        try:
            mandate = await lock(session, Mandate, mandate_id)
        except NotFound:
            raise LinkUnknown from None
        linked = mandate.accept(subject, generation, now)
        if linked:
            act_as(Acting(f"person:{mandate.person_id}", str(mandate.scope_id) if mandate.scope_id else None))
            await add_facts(session, mandate, [linked], occurred_at=now)
            await save(session, mandate)
        return mandate
