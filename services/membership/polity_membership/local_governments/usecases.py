"""CorrectContact: the name, address or language of a local government's contact changes.

Invitations without an answer whose contact was erased are sent to the new contact. A name that is no longer used is
removed from what is still open: saved forms that begin with it, and reasons that mention it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from polity_chassis.database.engine import Database
from polity_chassis.ids import new_id
from polity_chassis.messaging.publishing.outbox import add_facts
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_membership.answers.queries import draft_of, save_draft
from polity_membership.commitments.domain import Commitment
from polity_membership.commitments.queries import lock_unanswered
from polity_membership.database.aggregates import add, lock, save
from polity_membership.erasures.queries import note_corrected
from polity_membership.invitations.domain import Invitation
from polity_membership.local_governments.domain import LocalGovernment
from polity_membership.local_governments.queries import add_contact, contact_of
from polity_membership.people.domain import Person, given_up, mentions
from polity_membership.people.queries import erased_among


@dataclass(frozen=True, slots=True)
class CorrectContact:
    local_government_id: UUID
    name: str
    email: str
    language: str


async def correct_contact(database: Database, command: CorrectContact, now: datetime) -> UUID:
    """Returns the contact's person id, a new one if there was no contact. Raises NotFound."""
    async with database.transaction() as session:
        return await correct_within(session, command, now)


async def correct_within(session: AsyncSession, command: CorrectContact, now: datetime) -> UUID:
    """Does what `correct_contact` does, in the caller's transaction."""
    # Otherwise two corrections at once would both add a contact.
    await lock(session, LocalGovernment, command.local_government_id)
    # Before the person, by the order of locks.
    unanswered = await lock_unanswered(session, command.local_government_id)
    person = await _contact(session, command.local_government_id)
    if person is None:
        person = await _record(session, command, now)
    else:
        await _correct(session, person, command, unanswered, now)
    await _hand_over(session, unanswered, person, now)
    return person.id


async def _correct(
    session: AsyncSession,
    person: Person,
    command: CorrectContact,
    unanswered: Sequence[tuple[Invitation, Commitment | None]],
    now: datetime,
) -> None:
    words = given_up(person.name, command.name)
    corrected = person.correct(command.name, command.email, command.language)
    if corrected is None:
        return
    await add_facts(session, person, [corrected], occurred_at=now)
    await save(session, person)
    await note_corrected(session, [person.id])
    for invitation, commitment in unanswered:
        if mentions(invitation.decline_reason, words):
            invitation.decline_reason = None
            await save(session, invitation)
        if commitment and mentions(commitment.return_reason, words):
            commitment.return_reason = None
            await save(session, commitment)
        draft = await draft_of(session, invitation.id)
        if mentions(draft.filled.signatory_name, words):
            await save_draft(session, draft.saved(draft.filled.without_signatory(), now))


async def _hand_over(
    session: AsyncSession, unanswered: Sequence[tuple[Invitation, Commitment | None]], contact: Person, now: datetime
) -> None:
    gone = await erased_among(session, [invitation.contact_id for invitation, _ in unanswered])
    for invitation, commitment in unanswered:
        if invitation.contact_id not in gone:
            continue
        issued = invitation.hand_over(contact.id, contact.language or invitation.language, now)
        await add_facts(session, invitation, [issued] if issued else [], occurred_at=now)
        await save(session, invitation)
        if commitment:
            commitment.contact_id, commitment.language = invitation.contact_id, invitation.language
            await save(session, commitment)


async def _contact(session: AsyncSession, local_government_id: UUID) -> Person | None:
    person_id = await contact_of(session, local_government_id)
    if person_id is None:
        return None
    person = await lock(session, Person, person_id)
    # They may have been erased while the lock was waited for.
    return None if person.erased_at else person


async def _record(session: AsyncSession, command: CorrectContact, now: datetime) -> Person:
    person = Person(id=new_id(), name=command.name, email=command.email, language=command.language)
    recorded = person.record()
    await add(session, person)
    await add_facts(session, person, [recorded], occurred_at=now)
    await save(session, person)
    await add_contact(session, command.local_government_id, person.id)
    return person
