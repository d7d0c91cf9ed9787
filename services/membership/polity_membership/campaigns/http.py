"""Campaigns: opening them, and what the public sees of them."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response
from polity_chassis.authorization.access import PUBLIC, access
from polity_chassis.web.dependencies import DatabaseDep, NowDep
from polity_chassis.web.idempotency import IdempotencyDep
from polity_chassis.web.instants import Day
from polity_chassis.web.pagination import Page, PageDep, cut, link_next
from polity_contracts.membership.campaigns import Milestone
from polity_contracts.membership.values import Text
from pydantic import BaseModel, Field
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_membership.api.access_rules import OF_CAMPAIGN, OF_NETWORK
from polity_membership.api.fields import Body, Code, DeadlineIn, DeadlineOut, Language, Line, Lines, Texts
from polity_membership.campaigns.domain import Campaign
from polity_membership.campaigns.errors import DeadlinePassed, MilestoneNotReached, MilestonesInvalid, ThemesMissing
from polity_membership.campaigns.queries import list_campaigns, milestones_of
from polity_membership.campaigns.usecases.announce_milestone import announce_milestone
from polity_membership.campaigns.usecases.open_campaign import OpenCampaign, open_campaign
from polity_membership.database.aggregates import aggregate, load
from polity_membership.networks.errors import FallbackMissing

router = APIRouter(prefix="/v1", tags=["campaigns"])
HIGHEST_THRESHOLD = 1_000_000
Threshold = Annotated[int, Path(ge=1, le=HIGHEST_THRESHOLD)]


class MilestoneIn(Body):
    """`due` is the day by which the milestone is hoped for."""

    threshold: Annotated[int, Field(ge=1, le=HIGHEST_THRESHOLD)]
    due: Day | None = None
    occasion: Annotated[dict[Language, Line], Field(max_length=100, default_factory=dict)]


class CampaignIn(Body):
    """`themes` are codes with their labels; a commitment ranks three of them.

    Unless `counts_at_once`, a pledge is submitted first and counts once the secretariat has confirmed its signatory.
    """

    title: Lines
    objectives: Texts
    commitment_text: Texts
    fallback_language: Language
    themes: Annotated[dict[Code, Lines], Field(max_length=100)]
    milestones: Annotated[list[MilestoneIn], Field(max_length=20, default_factory=list)]
    reply_by: DeadlineIn
    counts_at_once: bool = True


class CampaignId(BaseModel):
    campaign_id: UUID


class MilestoneOut(BaseModel):
    """`reached_at` and `ordinal` say when and by which commitment it was reached; None before.

    `announced_at` is when the secretariat released it; `missed` says that its day was over before it was reached.
    """

    threshold: int
    due: date | None
    occasion: Text
    reached_at: datetime | None = None
    ordinal: int | None = None
    announced_at: datetime | None = None
    missed: bool


class CampaignOut(CampaignId):
    """`commitments` is how many stand now: those withdrawn are not among them."""

    network_id: UUID
    title: Text
    objectives: Text
    commitment_text: Text
    fallback_language: str
    themes: dict[str, Text]
    milestones: list[MilestoneOut]
    reply_by: DeadlineOut
    demonstration: bool
    opened_at: datetime
    counts_at_once: bool
    commitments: int


@router.post(
    "/networks/{network_id}/campaigns",
    status_code=201,
    **access(OF_NETWORK, DeadlinePassed, FallbackMissing, ThemesMissing, MilestonesInvalid),
)
async def post_campaign(
    network_id: UUID, body: CampaignIn, database: DatabaseDep, now: NowDep, key: IdempotencyDep
) -> CampaignId:
    """Opens a campaign of the network."""
    command = OpenCampaign(
        network_id=network_id,
        title=body.title,
        objectives=body.objectives,
        commitment_text=body.commitment_text,
        fallback_language=body.fallback_language,
        themes=body.themes,
        milestones=tuple(Milestone(**milestone.model_dump()) for milestone in body.milestones),
        reply_by=body.reply_by.deadline(),
        counts_at_once=body.counts_at_once,
    )
    return CampaignId(**await open_campaign(database, command, now, key))


@router.get("/campaigns", **access(PUBLIC))
async def get_campaigns(
    *,
    request: Request,
    response: Response,
    database: DatabaseDep,
    page: PageDep,
    now: NowDep,
    network_id: UUID | None = None,
) -> Page[CampaignOut]:
    """Lists the campaigns, of one network or all."""
    async with database.transaction() as session:
        rows, cursor = cut(await list_campaigns(session, network_id, page), page, lambda row: (row["id"],))
        items = await _shown(session, [aggregate(Campaign, row) for row in rows], now)
    link_next(request, response, cursor)
    return Page(items=items, next=cursor)


@router.get("/campaigns/{campaign_id}", **access(PUBLIC))
async def get_campaign(campaign_id: UUID, database: DatabaseDep, now: NowDep) -> CampaignOut:
    """Shows one campaign."""
    async with database.transaction() as session:
        return (await _shown(session, [await load(session, Campaign, campaign_id)], now))[0]


@router.post("/campaigns/{campaign_id}/milestones/{threshold}/announcement", **access(OF_CAMPAIGN, MilestoneNotReached))
async def post_announcement(campaign_id: UUID, threshold: Threshold, database: DatabaseDep, now: NowDep) -> CampaignOut:
    """Announces a milestone that was reached; doing so twice changes nothing."""
    await announce_milestone(database, campaign_id, threshold, now)
    async with database.transaction() as session:
        return (await _shown(session, [await load(session, Campaign, campaign_id)], now))[0]


async def _shown(session: AsyncSession, campaigns: Sequence[Campaign], now: datetime) -> list[CampaignOut]:
    reached = await milestones_of(session, [campaign.id for campaign in campaigns])
    by_threshold = {(row["campaign_id"], row["threshold"]): row for row in reached}
    return [_campaign(campaign, by_threshold, now) for campaign in campaigns]


def _milestone(
    campaign: Campaign, milestone: Milestone, reached: Mapping[Any, Any] | None, now: datetime
) -> MilestoneOut:
    noted = {name: reached[name] for name in ("reached_at", "ordinal", "announced_at")} if reached else {}
    return MilestoneOut(
        threshold=milestone.threshold,
        due=milestone.due,
        occasion=milestone.occasion,
        missed=campaign.missed(milestone, noted.get("reached_at"), now),
        **noted,
    )


def _campaign(campaign: Campaign, reached: Mapping[tuple[UUID, int], Mapping[Any, Any]], now: datetime) -> CampaignOut:
    milestones = [
        _milestone(campaign, milestone, reached.get((campaign.id, milestone.threshold)), now)
        for milestone in campaign.milestones
    ]
    return CampaignOut(
        campaign_id=campaign.id,
        network_id=campaign.network_id,
        title=campaign.title,
        objectives=campaign.objectives,
        commitment_text=campaign.commitment_text,
        fallback_language=campaign.fallback_language,
        themes=campaign.themes,
        milestones=milestones,
        reply_by=DeadlineOut(**campaign.reply_by.model_dump()),
        demonstration=campaign.demonstration,
        opened_at=campaign.opened_at,
        counts_at_once=campaign.counts_at_once,
        commitments=campaign.standing,
    )
