"""ErasePerson: the person's row is emptied, and a tombstone tells the other services to do the same."""

from datetime import datetime
from uuid import UUID

from polity_chassis.database.engine import Database
from polity_chassis.messaging.publishing.outbox import add_facts
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_membership.answers.queries import forget_drafts_of_person
from polity_membership.database.aggregates import lock, save
from polity_membership.erasures.queries import ask, forget_reasons
from polity_membership.local_governments.queries import remove_contact
from polity_membership.mandates.queries import lock_mandates_of
from polity_membership.people.domain import Person
from polity_membership.people.queries import networks_knowing
from polity_membership.proofs.queries import ask_removal_of_person


async def erase_person(database: Database, person_id: UUID, now: datetime) -> None:
    """Empties the person's row, ends their mandates and has their accounts deleted. Repeating it changes nothing.

    A commitment stays, with an empty signatory: it is the local government's. Raises NotFound.
    """
    async with database.transaction() as session:
        await erase(session, person_id, now)


async def erase(session: AsyncSession, person_id: UUID, now: datetime) -> None:
    """Does what `erase_person` does, in the caller's transaction."""
    await forget_reasons(session, person_id)
    person = await lock(session, Person, person_id)
    erased = person.erase(now)
    if erased is None:
        return
    mandates = await lock_mandates_of(session, person_id)
    networks = await networks_knowing(session, person_id)
    await remove_contact(session, person_id)
    await forget_drafts_of_person(session, person_id)
    await ask_removal_of_person(session, person_id, now)
    await ask(session, person_id, networks, [mandate.subject for mandate in mandates if mandate.subject], now)
    for mandate in mandates:
        ended = mandate.end(now)
        mandate.forget_subject()
        await add_facts(session, mandate, [ended] if ended else [], occurred_at=now)
        await save(session, mandate)
    await add_facts(session, person, [erased], occurred_at=now)
    await save(session, person)
