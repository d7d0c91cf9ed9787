"""Addresses come and go: what waited for them is queued, what was meant for an erased person is cancelled."""

from collections.abc import Sequence
from uuid import UUID

from polity_contracts.membership.people import PersonRecorded
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_notifications.storage import deliveries, people


async def record_people(session: AsyncSession, facts: Sequence[PersonRecorded]) -> None:
    """Keeps how people are reached and queues what waited for it."""
    person_ids = sorted({fact.person_id for fact in facts})
    await people.lock(session, person_ids)
    await people.record(session, facts)
    await deliveries.queue_waiting(session, person_ids)


async def erase_people(session: AsyncSession, person_ids: Sequence[UUID]) -> None:
    """Forgets the people, keeps their ids, and cancels what was still to be sent to them."""
    await people.lock(session, person_ids)
    await people.erase(session, person_ids)
    await deliveries.cancel(session, person_ids)
