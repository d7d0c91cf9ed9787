"""The locks and look-ups around people and what they may do."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import delete, insert, select, text
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_membership.database.aggregates import aggregate
from polity_membership.database.metadata import table
from polity_membership.mandates.domain import Mandate

_KNOWN_TO = text("""
SELECT lg.network_id FROM local_government_contact contact
  JOIN local_government lg ON lg.id = contact.local_government_id WHERE contact.person_id = :person_id
UNION SELECT network_id FROM invitation WHERE contact_id = :person_id
UNION SELECT network_id FROM commitment WHERE signatory_id = :person_id
UNION SELECT coalesce(lg.network_id, mandate.scope_id) FROM mandate
  LEFT JOIN local_government lg ON lg.id = mandate.scope_id
 WHERE mandate.person_id = :person_id AND mandate.scope_id IS NOT NULL
UNION SELECT unnest(network_ids) FROM person_erasure WHERE person_id = :person_id
""")


async def networks_knowing(session: AsyncSession, person_id: UUID) -> Sequence[UUID]:
    """Returns the networks that the person deals, or dealt until erased, with as contact, signatory or by a mandate."""
    connection = await session.connection()
    return list((await connection.execute(_KNOWN_TO, {"person_id": person_id})).scalars())


async def contact_of(session: AsyncSession, local_government_id: UUID) -> UUID | None:
    """Returns who the local government's contact is, None where it has none."""
    contacts = table("local_government_contact")
    connection = await session.connection()
    found: UUID | None = (
        await connection.execute(
            select(contacts.c.person_id).where(contacts.c.local_government_id == local_government_id)
        )
    ).scalar_one_or_none()
    return found


async def erased_among(session: AsyncSession, person_ids: Sequence[UUID]) -> set[UUID]:
    """Returns which of the people were erased."""
    people = table("person")
    statement = select(people.c.id).where(people.c.id.in_(person_ids), people.c.erased_at.is_not(None))
    return set((await (await session.connection()).execute(statement)).scalars())


async def add_contact(session: AsyncSession, local_government_id: UUID, person_id: UUID) -> None:
    """Links the person to a local government without a contact."""
    values = {"local_government_id": local_government_id, "person_id": person_id}
    await (await session.connection()).execute(insert(table("local_government_contact")).values(values))


async def remove_contact(session: AsyncSession, person_id: UUID) -> None:
    """Unlinks the person from the local governments, which are then without a contact."""
    contacts = table("local_government_contact")
    connection = await session.connection()
    await connection.execute(delete(contacts).where(contacts.c.person_id == person_id))


_LOCK_ASKED = text("""
SELECT invitation.id FROM invitation
 WHERE invitation.contact_id = :person_id
    OR invitation.id IN (
       SELECT invitation_id FROM commitment WHERE signatory_id = :person_id OR contact_id = :person_id)
 ORDER BY invitation.id FOR NO KEY UPDATE
""")
_FORGET_DECLINED = text("""
UPDATE invitation SET decline_reason = NULL WHERE decline_reason IS NOT NULL AND id = ANY(CAST(:ids AS uuid[]))
""")
_FORGET_RETURNED = text("""
UPDATE commitment SET return_reason = NULL
 WHERE return_reason IS NOT NULL AND invitation_id = ANY(CAST(:ids AS uuid[]))
""")


async def forget_reasons(session: AsyncSession, person_id: UUID) -> None:
    """Empties why invitations of the person, as contact or signatory, were declined and why pledges were returned.

    Such a text may speak of either. The invitations stay locked: whoever is about to add something to one of them, a
    saved form or the photo of a letter, is waited for, so that what follows here finds it.
    """
    connection = await session.connection()
    ids = list((await connection.execute(_LOCK_ASKED, {"person_id": person_id})).scalars())
    for forget in (_FORGET_DECLINED, _FORGET_RETURNED):
        await connection.execute(forget, {"ids": ids})


async def lock_mandates_of(session: AsyncSession, person_id: UUID) -> Sequence[Mandate]:
    """Returns every mandate the person ever had, locked in the order of their ids."""
    mandates = table("mandate")
    connection = await session.connection()
    result = await connection.execute(
        select(mandates)
        .where(mandates.c.person_id == person_id)
        .order_by(mandates.c.id)
        .with_for_update(key_share=True)
    )
    return [aggregate(Mandate, row) for row in result.mappings()]


_NEWEST = text("SELECT id, fact_sequence FROM person WHERE id = ANY(CAST(:ids AS uuid[]))")
_WAITING = text("SELECT DISTINCT key FROM outbox WHERE key = ANY(CAST(:keys AS text[]))")


async def newest_sequences(session: AsyncSession, person_ids: Sequence[UUID]) -> Mapping[UUID, int]:
    """Returns the sequence of each person's newest fact."""
    connection = await session.connection()
    return {row.id: row.fact_sequence for row in await connection.execute(_NEWEST, {"ids": list(person_ids)})}


async def waiting_in_outbox(session: AsyncSession, person_ids: Sequence[UUID]) -> set[UUID]:
    """Returns who has facts that Kafka hasn't acknowledged."""
    connection = await session.connection()
    keys = await connection.execute(_WAITING, {"keys": [str(person_id) for person_id in person_ids]})
    return {UUID(key) for key in keys.scalars()}


_HOLDS = text("""
SELECT person_id FROM mandate
 WHERE subject = :subject AND role = :role AND ended_at IS NULL
   AND scope_id IS NOT DISTINCT FROM CAST(:scope_id AS uuid)
 ORDER BY id LIMIT 1
""")


async def holds(session: AsyncSession, subject: str, role: str, scope_id: UUID | None) -> UUID | None:
    """Returns the person whom the sign-in `subject` acts for under a mandate of that role and scope now."""
    connection = await session.connection()
    parameters = {"subject": subject, "role": role, "scope_id": scope_id}
    person_id: UUID | None = (await connection.execute(_HOLDS, parameters)).scalar_one_or_none()
    return person_id
