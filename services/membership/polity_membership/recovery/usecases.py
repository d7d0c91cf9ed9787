"""SettleOrphans: membership goes on from a backup, with facts in Kafka that were published after it.

Ended mandates, erasures, withdrawals, revocations and milestones are taken over: nobody may do again what was ended,
and a milestone stays reached. Commitments, invitations, mandates and people that only the others know are taken back,
so that whoever is asked or counted is so everywhere. No ordinal is given again. What else was lost is entered again by
people: the operator has the list.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from polity_chassis.messaging.publishing.outbox import Outgoing, add_facts, add_outgoing
from polity_chassis.operations.orphans import Orphan
from polity_contracts.envelope import Fact
from polity_contracts.facts import FACTS
from polity_contracts.membership.campaigns import MilestoneAnnounced, MilestoneReached
from polity_contracts.membership.commitments import (
    CommitmentMade,
    CommitmentReturned,
    CommitmentSubmitted,
    CommitmentWithdrawn,
)
from polity_contracts.membership.invitations import (
    InterestExpressed,
    InvitationDeclined,
    InvitationIssued,
    InvitationRevoked,
)
from polity_contracts.membership.mandates import MandateEnded, MandateGranted, MandateLinked
from polity_contracts.membership.people import PersonErased, PersonRecorded
from pydantic import ValidationError
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_membership.answers.queries import forget_drafts
from polity_membership.campaigns.domain import Campaign
from polity_membership.campaigns.queries import add_milestones, note_announcement
from polity_membership.commitments.domain import Commitment, withdraw
from polity_membership.commitments.queries import lock_with_commitment
from polity_membership.database.aggregates import lock, save
from polity_membership.erasures.usecases.erase_person import erase
from polity_membership.errors import NotFound, Refused
from polity_membership.invitations.domain import Invitation
from polity_membership.mandates.domain import Mandate
from polity_membership.people.domain import Person

A = TypeVar("A", Campaign, Invitation, Commitment, Person, Mandate)
F = TypeVar("F", bound=Fact)


class Published:
    """The orphans by their types."""

    def __init__(self, orphans: Sequence[Orphan]) -> None:
        self._orphans = [orphan for orphan in orphans if orphan.type in FACTS]

    def of(self, kind: type[F]) -> list[F]:
        """Returns the facts of the type in their order; what says none told nothing, for every consumer parks it."""
        facts = []
        for orphan in self._orphans:
            if orphan.type == kind.type and orphan.value is not None:
                with suppress(ValidationError):
                    facts.append(kind.model_validate_json(orphan.value))
        return facts

    def keys(self, *kinds: type[Fact]) -> list[UUID]:
        """Returns of whom there is a fact of one of the types, in the order of locks."""
        types = {kind.type for kind in kinds}
        return sorted({orphan.key for orphan in self._orphans if orphan.type in types})

    def after(self, key: UUID, fact: Fact) -> Outgoing:
        """Returns the fact as the next one of a key that has no row here."""
        last = max(orphan.sequence for orphan in self._orphans if orphan.key == key)
        return Outgoing(key, last + 1, fact)


async def settle_orphans(session: AsyncSession, orphans: Sequence[Orphan], now: datetime) -> None:
    """Makes membership and what it has published agree; `fact_sequence` is that of the last fact everywhere."""
    published = Published(orphans)
    await _count_in(session, published)
    await _count_answers(session, published)
    await _withdraw(session, published, now)
    await _revoke(session, published, now)
    await _forget_people(session, published, now)
    await _end_mandates(session, published, now)


async def _count_in(session: AsyncSession, published: Published) -> None:
    ordinals = [(made.campaign_id, made.ordinal) for made in published.of(CommitmentMade)]
    milestones = published.of(MilestoneReached)
    thresholds = [(reached.campaign_id, reached.threshold) for reached in milestones]
    for campaign_id in sorted(dict(ordinals + thresholds)):
        campaign = await _locked(session, Campaign, campaign_id)
        if campaign:
            campaign.make_up(
                max((ordinal for of, ordinal in ordinals if of == campaign_id), default=0),
                max((threshold for of, threshold in thresholds if of == campaign_id), default=0),
            )
            await save(session, campaign)
            await add_milestones(session, [reached for reached in milestones if reached.campaign_id == campaign_id])
    for announced in published.of(MilestoneAnnounced):
        await note_announcement(session, announced)


async def _count_answers(session: AsyncSession, published: Published) -> None:
    """Counts answers in that are unknown here, and for each unknown commitment that it is taken back."""
    answers: list[InterestExpressed | InvitationDeclined | CommitmentSubmitted | CommitmentReturned] = [
        *published.of(InterestExpressed),
        *published.of(InvitationDeclined),
        *published.of(CommitmentSubmitted),
        *published.of(CommitmentReturned),
    ]
    steps = [(fact.invitation_id, fact.answer_step or 0) for fact in answers]
    made = published.of(CommitmentMade)
    steps += [(each.invitation_id, (each.answer_step or 0) + 1) for each in made if each.invitation_id]
    for invitation_id, step in sorted(steps):
        invitation = await _locked(session, Invitation, invitation_id)
        if invitation:
            invitation.answer_step = max(invitation.answer_step, step)
            await save(session, invitation)


async def _withdraw(session: AsyncSession, published: Published, now: datetime) -> None:
    withdrawn = published.of(CommitmentWithdrawn)
    for fact in withdrawn:
        try:
            campaign, invitation, commitment = await lock_with_commitment(session, fact.commitment_id)
            withdraw(campaign, invitation, commitment, fact.withdrawn_at)
        except Refused:
            continue
        for changed in (campaign, invitation, commitment):
            await save(session, changed)
    ended = {fact.commitment_id for fact in withdrawn}
    for made in published.of(CommitmentMade):
        if made.commitment_id not in ended:
            await _take_back(session, published, Commitment, made.commitment_id, _withdrawal(made, now), now=now)


def _withdrawal(made: CommitmentMade, now: datetime) -> CommitmentWithdrawn:
    return CommitmentWithdrawn(
        commitment_id=made.commitment_id,
        campaign_id=made.campaign_id,
        network_id=made.network_id,
        local_government_id=made.local_government_id,
        ordinal=made.ordinal,
        withdrawn_at=now,
        answer_step=made.answer_step and made.answer_step + 1,
    )


async def _revoke(session: AsyncSession, published: Published, now: datetime) -> None:
    revoked = published.of(InvitationRevoked)
    for fact in revoked:
        invitation = await _locked(session, Invitation, fact.invitation_id)
        if invitation:
            invitation.take_over_revocation(fact.link_generation)
            await save(session, invitation)
            await forget_drafts(session, [invitation.id])
    ended = {fact.invitation_id for fact in revoked}
    for issued in published.of(InvitationIssued):
        if issued.invitation_id not in ended and await _locked(session, Invitation, issued.invitation_id) is None:
            ended.add(issued.invitation_id)
            revocation = InvitationRevoked(
                invitation_id=issued.invitation_id,
                campaign_id=issued.campaign_id,
                network_id=issued.network_id,
                local_government_id=issued.local_government_id,
                link_generation=issued.link_generation + 1,
                revoked_at=now,
            )
            await add_outgoing(session, [published.after(issued.invitation_id, revocation)], occurred_at=now)


async def _forget_people(session: AsyncSession, published: Published, now: datetime) -> None:
    erased = published.keys(PersonErased)
    for person_id in erased:
        if await _locked(session, Person, person_id):
            await erase(session, person_id, now)
    for person_id in published.keys(PersonRecorded):
        person = await _locked(session, Person, person_id)
        fact = person.present() if person else PersonErased()
        # Who was erased after the backup has the newest record of all: the tombstone of just now, or that in Kafka.
        if person_id not in erased:
            await _take_back(session, published, Person, person_id, fact, now=now)


async def _end_mandates(session: AsyncSession, published: Published, now: datetime) -> None:
    for linked in published.of(MandateLinked):
        mandate = await _locked(session, Mandate, linked.mandate_id)
        if mandate and mandate.subject is None and mandate.ended_at is None:
            mandate.subject, mandate.linked_at = linked.subject, linked.linked_at
            await save(session, mandate)
    ended = published.of(MandateEnded)
    for fact in ended:
        mandate = await _locked(session, Mandate, fact.mandate_id)
        if mandate and mandate.end(fact.ended_at):
            await save(session, mandate)
    for mandate_id in set(published.keys(MandateGranted)) - {fact.mandate_id for fact in ended}:
        end = MandateEnded(mandate_id=mandate_id, ended_at=now)
        await _take_back(session, published, Mandate, mandate_id, end, now=now)


async def _take_back(
    session: AsyncSession, published: Published, kind: type[A], key: UUID, fact: Fact, *, now: datetime
) -> None:
    """Publishes the fact as the next one of the aggregate, whether it has a row here or not."""
    aggregate = await _locked(session, kind, key)
    if aggregate is None:
        await add_outgoing(session, [published.after(key, fact)], occurred_at=now)
        return
    await add_facts(session, aggregate, [fact], occurred_at=now)
    await save(session, aggregate)


async def _locked(session: AsyncSession, kind: type[A], key: UUID) -> A | None:
    try:
        return await lock(session, kind, key)
    except NotFound:
        return None
