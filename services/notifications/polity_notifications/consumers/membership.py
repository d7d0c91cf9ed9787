"""What membership publishes and what notifications makes of it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from polity_chassis.clock import Clock
from polity_chassis.messaging.consuming.records import Consumer, Handler, Received
from polity_contracts import topics
from polity_contracts.envelope import Fact
from polity_contracts.membership.campaigns import CampaignOpened, MilestoneReached
from polity_contracts.membership.commitments import (
    CommitmentMade,
    CommitmentReturned,
    CommitmentSubmitted,
    CommitmentWithdrawn,
)
from polity_contracts.membership.invitations import (
    InterestExpressed,
    InvitationDeclined,
    InvitationExtended,
    InvitationIssued,
    InvitationRevoked,
)
from polity_contracts.membership.local_governments import LocalGovernmentRegistered
from polity_contracts.membership.mandates import MandateEnded, MandateGranted
from polity_contracts.membership.networks import NetworkFounded
from polity_contracts.membership.people import PersonErased, PersonRecorded
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_notifications.domain.deliveries import Limits
from polity_notifications.domain.validity import Pledge
from polity_notifications.storage import invitations, secretariats, subjects
from polity_notifications.usecases.ask_for_mails import (
    ask_about_submissions,
    ask_for_extensions,
    ask_for_invitations,
    ask_for_news,
    ask_for_thanks,
)
from polity_notifications.usecases.follow_invitations import follow_deadlines, follow_invitations
from polity_notifications.usecases.follow_people import erase_people, record_people

SECRETARIAT = "secretariat"


def membership_consumers(limits: Limits, clock: Clock) -> tuple[Consumer, Consumer]:
    """Returns the consumers of membership's facts: of what it decides, and of its people (a compacted topic)."""
    handlers = Handlers(limits, clock)
    decided = Consumer(
        name="notifications",
        topics=(
            topics.NETWORKS.name,
            topics.LOCAL_GOVERNMENTS.name,
            topics.CAMPAIGNS.name,
            topics.INVITATIONS.name,
            topics.COMMITMENTS.name,
            topics.MANDATES.name,
        ),
        handlers=handlers.of_decisions(),
    )
    people = Consumer(name="notifications-people", topics=(topics.PEOPLE.name,), handlers=handlers.of_people())
    return decided, people


class Handlers:
    """The handlers, with what they need to know besides the facts."""

    def __init__(self, limits: Limits, clock: Clock) -> None:
        self._limits, self._clock = limits, clock

    def of_decisions(self) -> Mapping[type[Fact], Handler]:
        return {
            NetworkFounded: _saving(subjects.save_networks),
            LocalGovernmentRegistered: _saving(subjects.save_local_governments),
            CampaignOpened: _saving(subjects.save_campaigns),
            InvitationRevoked: _following(invitations.save_revocations),
            InvitationDeclined: _following(invitations.save_declines),
            InterestExpressed: _following(invitations.save_interest),
            MandateEnded: _saving(secretariats.end_mandates),
            InvitationIssued: self.invited,
            InvitationExtended: self.extended,
            CommitmentSubmitted: self.submitted,
            CommitmentReturned: self.returned,
            CommitmentMade: self.committed,
            CommitmentWithdrawn: self.withdrawn,
            MilestoneReached: self.reached,
            MandateGranted: self.granted,
        }

    def of_people(self) -> Mapping[type[Fact], Handler]:
        return {PersonRecorded: self.recorded, PersonErased: self.erased}

    async def invited(self, session: AsyncSession, facts: Sequence[Received[InvitationIssued]]) -> None:
        await invitations.save_invitations(session, facts)
        await ask_for_invitations(session, facts, self._limits, self._clock())
        await follow_invitations(session, _invitations_of(facts))

    async def extended(self, session: AsyncSession, facts: Sequence[Received[InvitationExtended]]) -> None:
        await invitations.save_extensions(session, facts)
        await ask_for_extensions(session, facts, self._limits, self._clock())
        await follow_deadlines(session, _invitations_of(facts), self._limits.waiting)

    async def submitted(self, session: AsyncSession, facts: Sequence[Received[CommitmentSubmitted]]) -> None:
        await invitations.save_pledges(session, facts, Pledge.SUBMITTED)
        await ask_about_submissions(session, facts, self._limits, self._clock())
        await follow_invitations(session, _invitations_of(facts))

    async def returned(self, session: AsyncSession, facts: Sequence[Received[CommitmentReturned]]) -> None:
        await invitations.save_pledges(session, facts, Pledge.RETURNED)
        await ask_about_submissions(session, facts, self._limits, self._clock())
        await follow_invitations(session, _invitations_of(facts))

    async def committed(self, session: AsyncSession, facts: Sequence[Received[CommitmentMade]]) -> None:
        await invitations.save_pledges(session, facts, Pledge.MADE)
        await ask_for_thanks(session, facts, self._limits, self._clock())
        await follow_invitations(session, _invitations_of(facts))

    async def withdrawn(self, session: AsyncSession, facts: Sequence[Received[CommitmentWithdrawn]]) -> None:
        await follow_invitations(session, await invitations.save_withdrawals(session, facts))

    async def reached(self, session: AsyncSession, facts: Sequence[Received[MilestoneReached]]) -> None:
        # A milestone passed by pledges of earlier waves is no news, neither now nor to a secretariat known later.
        news = [received for received in facts if not received.fact.imported]
        await secretariats.save_milestones(session, news)
        await ask_for_news(session, {received.fact.network_id for received in news}, self._limits, self._clock())

    async def granted(self, session: AsyncSession, facts: Sequence[Received[MandateGranted]]) -> None:
        ours = [r.fact for r in facts if r.fact.role == SECRETARIAT and r.fact.scope_id is not None]
        await secretariats.save_mandates(session, ours)
        await ask_for_news(session, {fact.scope_id for fact in ours if fact.scope_id}, self._limits, self._clock())

    async def recorded(self, session: AsyncSession, facts: Sequence[Received[PersonRecorded]]) -> None:
        await record_people(session, [received.fact for received in facts])

    async def erased(self, session: AsyncSession, facts: Sequence[Received[PersonErased]]) -> None:
        await erase_people(session, [UUID(received.key) for received in facts])


def _saving(save: Callable[[AsyncSession, Sequence[Any]], Any]) -> Handler:
    async def handler(session: AsyncSession, facts: Sequence[Received[Any]]) -> None:
        await save(session, [received.fact for received in facts])

    return handler


def _following(save: Callable[[AsyncSession, Sequence[Received[Any]]], Any]) -> Handler:
    async def handler(session: AsyncSession, facts: Sequence[Received[Any]]) -> None:
        await save(session, facts)
        await follow_invitations(session, _invitations_of(facts))

    return handler


def _invitations_of(facts: Sequence[Received[Any]]) -> set[UUID]:
    return {received.fact.invitation_id for received in facts if received.fact.invitation_id}
