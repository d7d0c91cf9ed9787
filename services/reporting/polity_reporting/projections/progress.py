"""A campaign's progress: each handler writes its whole set of facts in a few statements.

Facts of different keys come in any order, so every row is a stub until all its facts are here, and every write
gives the same row whatever came first.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from polity_chassis.messaging.consuming.records import Consumer, Received
from polity_contracts import topics
from polity_contracts.membership.campaigns import CampaignOpened, MilestoneAnnounced, MilestoneReached
from polity_contracts.membership.commitments import (
    CommitmentMade,
    CommitmentReturned,
    CommitmentSubmitted,
    CommitmentWithdrawn,
)
from polity_contracts.membership.invitations import (
    InterestExpressed,
    InvitationDeclined,
    InvitationImported,
    InvitationIssued,
)
from polity_contracts.membership.local_governments import LocalGovernmentRegistered
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_reporting.storage import statements


async def opened(session: AsyncSession, facts: Sequence[Received[CampaignOpened]]) -> None:
    """Writes what the campaigns are called and ask for; the last fact of a campaign wins."""
    last = {received.fact.campaign_id: received.fact for received in facts}
    await _changed(session, last)
    rows = [last[campaign_id] for campaign_id in sorted(last)]
    await statements.write(
        session,
        statements.CAMPAIGNS,
        {
            "campaign_ids": [row.campaign_id for row in rows],
            "titles": [json.dumps(row.title) for row in rows],
            "fallback_languages": [row.fallback_language for row in rows],
            "time_zones": [row.reply_by.time_zone for row in rows],
            "themes": [json.dumps(row.themes) for row in rows],
            "milestones": [json.dumps([m.model_dump(mode="json") for m in row.milestones]) for row in rows],
            "demonstrations": [row.demonstration for row in rows],
        },
    )


async def registered(session: AsyncSession, facts: Sequence[Received[LocalGovernmentRegistered]]) -> None:
    """Writes where local governments are, and marks the campaigns in which they have already pledged as changed."""
    last = {received.fact.local_government_id: received.fact for received in facts}
    rows = [last[local_government_id] for local_government_id in sorted(last)]
    await statements.write(
        session,
        statements.LOCAL_GOVERNMENTS,
        {
            "local_government_ids": [row.local_government_id for row in rows],
            "names": [row.name for row in rows],
            "countries": [row.country for row in rows],
            "regions": [row.region for row in rows],
            "latitudes": [row.latitude for row in rows],
            "longitudes": [row.longitude for row in rows],
        },
    )
    await statements.write(session, statements.CHANGED_BY_LOCAL_GOVERNMENT, {"local_government_ids": list(last)})


async def invited(session: AsyncSession, facts: Sequence[Received[InvitationIssued]]) -> None:
    """Writes when local governments were first asked."""
    await _answered(session, (received.fact.campaign_id for received in facts))
    await statements.write(
        session,
        statements.INVITED,
        {
            "campaign_ids": [received.fact.campaign_id for received in facts],
            "local_government_ids": [received.fact.local_government_id for received in facts],
            "instants": [received.fact.issued_at for received in facts],
        },
    )


async def brought_in(session: AsyncSession, facts: Sequence[Received[InvitationImported]]) -> None:
    """Writes when local governments of earlier waves were asked, and said that they are interested."""
    await _answered(session, (received.fact.campaign_id for received in facts))
    for statement, instants in (
        (statements.INVITED, [(received.fact, received.fact.issued_at) for received in facts]),
        (statements.INTERESTED, [(r.fact, r.fact.interested_at) for r in facts if r.fact.interested_at]),
    ):
        await statements.write(
            session,
            statement,
            {
                "campaign_ids": [fact.campaign_id for fact, _ in instants],
                "local_government_ids": [fact.local_government_id for fact, _ in instants],
                "instants": [instant for _, instant in instants],
            },
        )


async def interested(session: AsyncSession, facts: Sequence[Received[InterestExpressed]]) -> None:
    """Writes when local governments first said that they are interested."""
    await _answered(session, (received.fact.campaign_id for received in facts))
    await statements.write(
        session,
        statements.INTERESTED,
        {
            "campaign_ids": [received.fact.campaign_id for received in facts],
            "local_government_ids": [received.fact.local_government_id for received in facts],
            "instants": [received.fact.expressed_at for received in facts],
        },
    )
    again = [received.fact for received in facts if received.fact.reconsidered]
    await _stepped(session, "reconsidered", [(fact, fact.expressed_at) for fact in again])


async def declined(session: AsyncSession, facts: Sequence[Received[InvitationDeclined]]) -> None:
    """Writes when local governments said "not this time"; some change their mind."""
    await _stepped(session, "declined", [(received.fact, received.fact.declined_at) for received in facts])


async def committed(session: AsyncSession, facts: Sequence[Received[CommitmentMade]]) -> None:
    """Writes the last commitment of each local government with its ordinal and its themes."""
    await _changed(session, (received.fact.campaign_id for received in facts))
    await statements.write(
        session,
        statements.COMMITTED,
        {
            "campaign_ids": [received.fact.campaign_id for received in facts],
            "local_government_ids": [received.fact.local_government_id for received in facts],
            "instants": [received.fact.made_at for received in facts],
            "ordinals": [received.fact.ordinal for received in facts],
            "themes": [json.dumps(received.fact.themes) for received in facts],
        },
    )


async def submitted(session: AsyncSession, facts: Sequence[Received[CommitmentSubmitted]]) -> None:
    """Writes when pledges were sent that wait for their confirmation."""
    await _stepped(session, "submitted", [(received.fact, received.fact.submitted_at) for received in facts])


async def returned(session: AsyncSession, facts: Sequence[Received[CommitmentReturned]]) -> None:
    """Writes when pledges were returned."""
    await _stepped(session, "returned", [(received.fact, received.fact.returned_at) for received in facts])


Step = CommitmentSubmitted | CommitmentReturned | InterestExpressed | InvitationDeclined


async def _stepped(session: AsyncSession, step: str, facts: Sequence[tuple[Step, datetime]]) -> None:
    await _answered(session, (fact.campaign_id for fact, _ in facts))
    await statements.write(
        session,
        statements.SUBMITTED,
        {
            "campaign_ids": [fact.campaign_id for fact, _ in facts],
            "local_government_ids": [fact.local_government_id for fact, _ in facts],
            "instants": [at for _, at in facts],
            "steps": [step] * len(facts),
            "answer_steps": [fact.answer_step for fact, _ in facts],
        },
    )


async def withdrawn(session: AsyncSession, facts: Sequence[Received[CommitmentWithdrawn]]) -> None:
    """Writes when commitments stood no longer; before that they count."""
    await _changed(session, (received.fact.campaign_id for received in facts))
    await statements.write(
        session,
        statements.WITHDRAWN,
        {
            "campaign_ids": [received.fact.campaign_id for received in facts],
            "local_government_ids": [received.fact.local_government_id for received in facts],
            "instants": [received.fact.withdrawn_at for received in facts],
            "ordinals": [received.fact.ordinal for received in facts],
        },
    )


async def announced(session: AsyncSession, facts: Sequence[Received[MilestoneAnnounced]]) -> None:
    """Writes when milestones were announced; they were reached before, under the same key."""
    await _changed(session, (received.fact.campaign_id for received in facts))
    await statements.write(
        session,
        statements.ANNOUNCED,
        {
            "campaign_ids": [received.fact.campaign_id for received in facts],
            "thresholds": [received.fact.threshold for received in facts],
            "instants": [received.fact.announced_at for received in facts],
        },
    )


async def reached(session: AsyncSession, facts: Sequence[Received[MilestoneReached]]) -> None:
    """Writes reached milestones as the owner counted them; nothing is counted here."""
    await _changed(session, (received.fact.campaign_id for received in facts))
    await statements.write(
        session,
        statements.REACHED,
        {
            "campaign_ids": [received.fact.campaign_id for received in facts],
            "thresholds": [received.fact.threshold for received in facts],
            "ordinals": [received.fact.ordinal for received in facts],
            "commitment_ids": [received.fact.commitment_id for received in facts],
            "instants": [received.fact.reached_at for received in facts],
        },
    )


async def _changed(session: AsyncSession, campaign_ids: Iterable[UUID]) -> None:
    """Notes that what anyone may see has changed.

    Comes first, so that transactions on one campaign queue up at its row instead of crossing at its answers.
    """
    await statements.write(session, statements.CHANGED, {"campaign_ids": sorted(set(campaign_ids))})


async def _answered(session: AsyncSession, campaign_ids: Iterable[UUID]) -> None:
    """Notes that something changed of which the public sees totals at most; comes first as `_changed` does."""
    await statements.write(session, statements.ANSWERED, {"campaign_ids": sorted(set(campaign_ids))})


PROGRESS = Consumer(
    name="reporting",
    topics=(
        topics.LOCAL_GOVERNMENTS.name,
        topics.CAMPAIGNS.name,
        topics.INVITATIONS.name,
        topics.COMMITMENTS.name,
    ),
    handlers={
        CampaignOpened: opened,
        LocalGovernmentRegistered: registered,
        InvitationIssued: invited,
        InvitationImported: brought_in,
        InterestExpressed: interested,
        InvitationDeclined: declined,
        CommitmentSubmitted: submitted,
        CommitmentReturned: returned,
        CommitmentMade: committed,
        CommitmentWithdrawn: withdrawn,
        MilestoneReached: reached,
        MilestoneAnnounced: announced,
    },
)
