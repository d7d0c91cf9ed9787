"""RepublishPerson: the last record of the person in Kafka is an older one, so the present one is sent again."""

from datetime import datetime
from uuid import UUID

from polity_chassis.database.engine import Database
from polity_chassis.messaging.publishing.outbox import add_facts

from polity_membership.database.aggregates import lock, save
from polity_membership.erasures.queries import publish_again
from polity_membership.people.domain import Person


async def republish_person(database: Database, person_id: UUID, now: datetime) -> None:
    """Publishes the person's present record or tombstone again. Raises NotFound."""
    async with database.transaction() as session:
        person = await lock(session, Person, person_id)
        await add_facts(session, person, [person.present()], occurred_at=now)
        await save(session, person)
        if person.erased_at:
            await publish_again(session, person_id)
