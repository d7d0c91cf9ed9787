"""People: which networks deal with them, who was erased, and how far their facts have come."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import select, text
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_membership.people.tables import people

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
    """Returns the networks of which the person is, or was until erased, a contact, signatory or mandate holder."""
    connection = await session.connection()
    return list((await connection.execute(_KNOWN_TO, {"person_id": person_id})).scalars())


async def erased_among(session: AsyncSession, person_ids: Sequence[UUID]) -> set[UUID]:
    """Returns which of the people were erased."""
    statement = select(people.c.id).where(people.c.id.in_(person_ids), people.c.erased_at.is_not(None))
    return set((await (await session.connection()).execute(statement)).scalars())


_NEWEST = text("SELECT id, fact_sequence FROM person WHERE id = ANY(CAST(:ids AS uuid[]))")
_WAITING = text("SELECT DISTINCT key FROM outbox WHERE key = ANY(CAST(:keys AS text[]))")


async def newest_sequences(session: AsyncSession, person_ids: Sequence[UUID]) -> Mapping[UUID, int]:
    """Returns the sequence of each person's newest fact."""
    connection = await session.connection()
    return {row.id: row.fact_sequence for row in await connection.execute(_NEWEST, {"ids": list(person_ids)})}


async def waiting_in_outbox(session: AsyncSession, person_ids: Sequence[UUID]) -> set[UUID]:
    """Returns the people with facts in the outbox."""
    connection = await session.connection()
    keys = await connection.execute(_WAITING, {"keys": [str(person_id) for person_id in person_ids]})
    return {UUID(key) for key in keys.scalars()}
