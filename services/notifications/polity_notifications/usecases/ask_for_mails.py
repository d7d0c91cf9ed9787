"""Each fact that somebody must hear of becomes rows in `delivery`, in the transaction of its inbox."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from polity_chassis.messaging.consuming.records import Received
from polity_contracts.membership.commitments import CommitmentMade, CommitmentReturned, CommitmentSubmitted
from polity_contracts.membership.invitations import InvitationExtended, InvitationIssued
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_notifications.domain.deliveries import (
    Asked,
    Limits,
    for_commitment,
    for_extension,
    for_invitation,
    for_milestone,
    for_submission,
)
from polity_notifications.storage import deliveries, people, secretariats


async def ask_for_invitations(
    session: AsyncSession, facts: Sequence[Received[InvitationIssued]], limits: Limits, now: datetime
) -> None:
    """Asks for one invitation per fact that is fresh."""
    fresh = [one for one in facts if not limits.is_too_old(one.occurred_at, now)]
    await _ask(session, [for_invitation(one.fact, one.sequence, one.traceparent) for one in fresh], limits)


async def ask_for_extensions(
    session: AsyncSession, facts: Sequence[Received[InvitationExtended]], limits: Limits, now: datetime
) -> None:
    """Asks for one mail on the new deadline per fact that is fresh."""
    fresh = [one for one in facts if not limits.is_too_old(one.occurred_at, now)]
    await _ask(session, [for_extension(one.fact, one.sequence, one.traceparent) for one in fresh], limits)


async def ask_about_submissions(
    session: AsyncSession,
    facts: Sequence[Received[CommitmentSubmitted] | Received[CommitmentReturned]],
    limits: Limits,
    now: datetime,
) -> None:
    """Asks for one mail per fresh fact: that the pledge was received, or that it was returned."""
    fresh = [one for one in facts if not limits.is_too_old(one.occurred_at, now)]
    await _ask(session, [for_submission(one.fact, one.sequence, one.traceparent) for one in fresh], limits)


async def ask_for_thanks(
    session: AsyncSession, facts: Sequence[Received[CommitmentMade]], limits: Limits, now: datetime
) -> None:
    """Asks for one thank-you per fact that is fresh and names a contact, none for those of earlier waves."""
    new = [one for one in facts if not one.fact.imported]
    fresh = [one for one in new if not limits.is_too_old(one.occurred_at, now)]
    asked = [for_commitment(one.fact, one.sequence, one.traceparent) for one in fresh]
    await _ask(session, [one for one in asked if one], limits)


async def ask_for_news(session: AsyncSession, network_ids: set[UUID], limits: Limits, now: datetime) -> None:
    """Asks for the mails on fresh milestones of the networks that aren't asked for yet; locks the networks' rows.

    Called when a milestone is reached and when a mandate becomes known: whichever comes second makes the delivery.
    """
    await secretariats.lock(session, network_ids)
    found = await secretariats.audience(session, network_ids, now - limits.fresh)
    await _ask(session, [for_milestone(reached, person_id) for reached, person_id in found], limits)


async def _ask(session: AsyncSession, asked: Sequence[Asked], limits: Limits) -> None:
    if asked:
        await people.lock(session, (one.person_id for one in asked))
        await deliveries.add(session, asked, limits.waiting)
