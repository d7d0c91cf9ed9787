"""The overview of a campaign for its secretariat. Its path and operation keep their first name, "desk"."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter
from polity_chassis.authorization.access import access
from polity_chassis.web.dependencies import DatabaseDep, NowDep
from pydantic import BaseModel

from polity_membership.api.access_rules import OF_CAMPAIGN
from polity_membership.api.fields import DeadlineOut
from polity_membership.campaign_overview.queries import answers_of_today, letters_of, waves_of
from polity_membership.database.rows import Rows

router = APIRouter(prefix="/v1", tags=["campaigns"])

MOST_ANSWERS = 20
MOST_LETTERS = 20


class WaveOut(BaseModel):
    """`reply_by` is the deadline that most of the wave were given. Revoked invitations are in no count."""

    wave: str
    invited: int
    unanswered: int
    interested: int
    declined: int
    submitted: int
    committed: int
    withdrawn: int
    reply_by: DeadlineOut


class TodaysAnswerOut(BaseModel):
    """What one local government said last today; `ordinal` when it is a commitment that counts."""

    invitation_id: UUID
    name: str
    country: str
    subdivision: str | None
    status: str
    ordinal: int | None
    at: datetime


class LetterOut(BaseModel):
    """A local government whose photo of a signed letter came at `at` and waits to be recorded."""

    invitation_id: UUID
    name: str
    at: datetime


class CampaignOverviewOut(BaseModel):
    """`answers` are the newest of the `answers_today`; a day begins where the campaign's deadline has its zone.

    `next_deadline` is that of somebody who may still answer; None when nobody may. `to_confirm` answers wait for the
    secretariat before they count; `letters` were signed on paper, the earliest first, twenty at most.
    """

    campaign_id: UUID
    answers_today: int
    answers: list[TodaysAnswerOut]
    waves: list[WaveOut]
    next_deadline: DeadlineOut | None
    to_confirm: int
    letters: list[LetterOut]


@router.get("/campaigns/{campaign_id}/desk", operation_id="get_desk", **access(OF_CAMPAIGN))
async def get_campaign_overview(campaign_id: UUID, database: DatabaseDep, now: NowDep) -> CampaignOverviewOut:
    """Shows today's answers, each wave's figures, the next deadline, and what waits for the secretariat."""
    async with database.transaction() as session:
        waves = await waves_of(session, campaign_id, now)
        answers = await answers_of_today(session, campaign_id, now, MOST_ANSWERS)
        letters = await letters_of(session, campaign_id, MOST_LETTERS)
    return CampaignOverviewOut(
        campaign_id=campaign_id,
        answers_today=answers[0]["answered"] if answers else 0,
        answers=[TodaysAnswerOut(**row) for row in answers],
        waves=[
            WaveOut(reply_by=DeadlineOut(at=row["reply_at"], time_zone=row["reply_time_zone"]), **row) for row in waves
        ],
        next_deadline=_next_deadline(waves),
        to_confirm=sum(row["submitted"] for row in waves),
        letters=[LetterOut(**row) for row in letters],
    )


def _next_deadline(waves: Rows) -> DeadlineOut | None:
    upcoming = [row for row in waves if row["next_reply_at"]]
    if not upcoming:
        return None
    soonest = min(upcoming, key=lambda row: row["next_reply_at"])
    return DeadlineOut(at=soonest["next_reply_at"], time_zone=soonest["reply_time_zone"])
