"""What an invitation's link opens: read, say "we are interested" or "not this time", commit. A GET changes nothing."""

from datetime import date, datetime
from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from polity_chassis.authorization.access import LINK, LinkDep, access
from polity_chassis.batcher import Batcher
from polity_chassis.messaging.publishing.cause import current_cause
from polity_chassis.web.dependencies import DatabaseDep, NowDep
from polity_chassis.web.idempotency import IdempotencyDep, Ids
from polity_chassis.web.instants import Day
from polity_contracts.membership.values import Text
from pydantic import BaseModel, Field

from polity_membership.answers.usecases.decline_invitation import decline_invitation
from polity_membership.answers.usecases.express_interest import express_interest
from polity_membership.api.fields import Body, DeadlineOut, Line
from polity_membership.campaigns.domain import Campaign
from polity_membership.commitments.domain import RETURNED, Commitment, CommitmentContent
from polity_membership.commitments.errors import COMMITMENT_REFUSALS
from polity_membership.commitments.queries import commitment_of
from polity_membership.commitments.usecases.commit_to_campaign import (
    CommitToCampaign,
    SignedCommitment,
    campaigns_to_lock,
    commit_to_campaigns,
)
from polity_membership.database.aggregates import load
from polity_membership.errors import LINK_REFUSALS, LinkUnknown
from polity_membership.invitations.domain import COMMITTED, Invitation
from polity_membership.invitations.errors import ALREADY_ANSWERED
from polity_membership.invitations.queries import load_linked
from polity_membership.local_governments.domain import LocalGovernment
from polity_membership.networks.domain import Network
from polity_membership.proofs.queries import list_proofs

router = APIRouter(prefix="/v1/answer", tags=["answers"])


class AskedCampaign(BaseModel):
    """What the campaign asks; `reply_by` is this invitation's deadline."""

    campaign_id: UUID
    network_id: UUID
    network_name: Text
    title: Text
    objectives: Text
    commitment_text: Text
    fallback_language: str
    themes: dict[str, Text]
    reply_by: DeadlineOut
    demonstration: bool


class AskedLocalGovernment(BaseModel):
    local_government_id: UUID
    name: str
    country: str
    time_zone: str


class CommitmentOut(BaseModel):
    """`status` is submitted, returned (`return_reason` says why), committed or withdrawn.

    `ordinal` is None until it counts.
    """

    status: str
    ordinal: int | None
    themes: list[str]
    signed_on: date
    return_reason: str | None


class AnswerOut(BaseModel):
    """`status` is invited, interested, declined, submitted, committed or withdrawn.

    `letter_received_at` is when the newest photo of a signed letter arrived as a whole.
    """

    invitation_id: UUID
    campaign: AskedCampaign
    local_government: AskedLocalGovernment
    language: str
    status: str
    commitment: CommitmentOut | None
    letter_received_at: datetime | None


class ReturnedOut(BaseModel):
    """A pledge to be sent again; `reason` is None where it was erased."""

    returned_at: datetime
    reason: str | None


class SecretariatOut(BaseModel):
    """Whom to ask: the network and, where it has one, its office's address.

    `returned` says that the pledge was returned and why, also after the deadline; not by a link that was withdrawn.
    """

    network_id: UUID
    name: Text
    fallback_language: str
    contact_email: str | None
    returned: ReturnedOut | None


class StatusOut(BaseModel):
    status: str


class DeclineIn(Body):
    """`reason` is shown to the secretariat only, and is kept while the answer is no."""

    reason: Line | None = None


class CommitmentIn(Body):
    """`themes` are three different codes of the campaign, the first ranked first."""

    signatory_name: Line
    signatory_office: Line
    signed_on: Day
    themes: Annotated[list[Annotated[str, Field(max_length=60)]], Field(max_length=100)]


class CommitmentId(BaseModel):
    """`status` is committed, or submitted where the signatory is confirmed first; only then there is no `ordinal`."""

    commitment_id: UUID
    status: str = COMMITTED
    ordinal: int | None


async def _commitments(request: Request) -> Batcher[CommitToCampaign, Ids]:
    """Returns the batcher of this process."""
    state = request.app.state
    if not hasattr(state, "commitments"):
        database = state.runtime.database
        act = partial(commit_to_campaigns, database)
        queues_of = partial(campaigns_to_lock, database.reading)
        state.commitments = Batcher(act, key_of=lambda command: command.invitation_id, queues_of=queues_of)
    found: Batcher[CommitToCampaign, Ids] = state.commitments
    return found


CommitmentsDep = Annotated[Batcher[CommitToCampaign, Ids], Depends(_commitments)]


@router.get("", **access(LINK, *LINK_REFUSALS))
async def get_answer(link: LinkDep, response: Response, database: DatabaseDep, now: NowDep) -> AnswerOut:
    """Shows what is asked and what was answered so far."""
    response.headers["Cache-Control"] = "no-store"
    async with database.transaction() as session:
        invitation = await load_linked(session, link.id)
        invitation.check_link(link.generation, now)
        campaign = await load(session, Campaign, invitation.campaign_id)
        network = await load(session, Network, invitation.network_id)
        local_government = await load(session, LocalGovernment, invitation.local_government_id)
        commitment = await commitment_of(session, invitation.id)
        letters = await list_proofs(session, invitation.id)
    return AnswerOut(
        invitation_id=invitation.id,
        campaign=_asked(campaign, network, invitation),
        local_government=AskedLocalGovernment(
            local_government_id=local_government.id,
            name=local_government.name,
            country=local_government.country,
            time_zone=local_government.time_zone,
        ),
        language=invitation.language,
        status=invitation.status,
        commitment=_given(commitment) if commitment else None,
        letter_received_at=letters[0]["finished_at"] if letters else None,
    )


@router.get("/secretariat", **access(LINK, LinkUnknown))
async def get_secretariat(link: LinkDep, response: Response, database: DatabaseDep) -> SecretariatOut:
    """Says whom to ask, also by a link whose time is over or that was withdrawn, and why a pledge was returned."""
    response.headers["Cache-Control"] = "no-store"
    async with database.transaction() as session:
        invitation = await load_linked(session, link.id)
        network = await load(session, Network, invitation.network_id)
        commitment = await commitment_of(session, invitation.id)
    valid = link.generation == invitation.link_generation
    return SecretariatOut(
        network_id=network.id,
        name=network.name,
        fallback_language=network.fallback_language,
        contact_email=network.contact_email,
        returned=_returned(commitment) if commitment and valid else None,
    )


@router.post("/interest", **access(LINK, *LINK_REFUSALS))
async def post_interest(link: LinkDep, database: DatabaseDep, now: NowDep) -> StatusOut:
    """Says that the local government is interested; saying so twice changes nothing."""
    return StatusOut(status=await express_interest(database, link.id, link.generation, now))


@router.post("/decline", **access(LINK, *LINK_REFUSALS, *ALREADY_ANSWERED))
async def post_decline(link: LinkDep, body: DeclineIn, database: DatabaseDep, now: NowDep) -> StatusOut:
    """Says "not this time"; saying so twice changes nothing. Interest or a pledge may follow until the deadline."""
    return StatusOut(status=await decline_invitation(database, link.id, link.generation, body.reason, now))


@router.post(
    "/commitment",
    status_code=201,
    **access(LINK, *LINK_REFUSALS, *COMMITMENT_REFUSALS),
)
async def post_commitment(
    link: LinkDep, body: CommitmentIn, commitments: CommitmentsDep, now: NowDep, key: IdempotencyDep
) -> CommitmentId:
    """Gives the local government's pledge; the same Idempotency-Key is answered alike, a second pledge is refused."""
    command = CommitToCampaign(
        invitation_id=link.id,
        generation=link.generation,
        signed=SignedCommitment(
            CommitmentContent(tuple(body.themes), body.signed_on), body.signatory_name, body.signatory_office
        ),
        asked_at=now,
        key=key,
        cause=current_cause(),
    )
    return CommitmentId(**await commitments.run(command))


def _given(commitment: Commitment) -> CommitmentOut:
    return CommitmentOut(
        status=commitment.status,
        ordinal=commitment.ordinal,
        themes=list(commitment.themes),
        signed_on=commitment.signed_on,
        return_reason=commitment.return_reason if commitment.status == RETURNED else None,
    )


def _returned(commitment: Commitment) -> ReturnedOut | None:
    if commitment.status != RETURNED or commitment.returned_at is None:
        return None
    return ReturnedOut(returned_at=commitment.returned_at, reason=commitment.return_reason)


def _asked(campaign: Campaign, network: Network, invitation: Invitation) -> AskedCampaign:
    return AskedCampaign(
        campaign_id=campaign.id,
        network_id=network.id,
        network_name=network.name,
        title=campaign.title,
        objectives=campaign.objectives,
        commitment_text=campaign.commitment_text,
        fallback_language=campaign.fallback_language,
        themes=campaign.themes,
        reply_by=DeadlineOut(**invitation.reply_by.model_dump()),
        demonstration=campaign.demonstration,
    )
