"""Commitments as the secretariat sees them: listed, confirmed, returned or withdrawn."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from polity_chassis.authorization.access import access
from polity_chassis.web.dependencies import DatabaseDep, NowDep
from polity_chassis.web.pagination import Page, PageDep, cut, link_next
from pydantic import BaseModel

from polity_membership.api.access_rules import OF_CAMPAIGN, OF_COMMITMENT
from polity_membership.api.fields import Body, Code, Line
from polity_membership.commitments.domain import Commitment
from polity_membership.commitments.errors import NotCounted, NotSubmitted
from polity_membership.commitments.queries import CommitmentFilter, list_commitments, shown_with
from polity_membership.commitments.usecases.confirm_commitment import confirm_commitment
from polity_membership.commitments.usecases.return_commitment import return_commitment
from polity_membership.commitments.usecases.withdraw_commitment import withdraw_commitment
from polity_membership.database.aggregates import load

router = APIRouter(prefix="/v1", tags=["commitments"])


CommitmentStatus = Literal["submitted", "returned", "committed", "withdrawn"]


class CommitmentStatusOut(BaseModel):
    """`status` is submitted, returned, committed or withdrawn; `ordinal` is None until the pledge counts."""

    commitment_id: UUID
    status: str
    ordinal: int | None


class PledgeOut(CommitmentStatusOut):
    """One pledge with its signatory; name and office are None once the signatory was erased."""

    campaign_id: UUID
    invitation_id: UUID
    local_government_id: UUID
    name: str
    country: str
    signatory_name: str | None
    signatory_office: str | None
    signed_on: date
    themes: list[str]
    submitted_at: datetime | None
    made_at: datetime | None
    returned_at: datetime | None
    return_reason: str | None
    withdrawn_at: datetime | None


class ListedPledgeOut(CommitmentStatusOut):
    """`themes` are codes, the first ranked first; `signatory_id` is an id only: who signed is not shown in lists.

    `recorded_by` is link, paper or import; `proof_id` is the signed letter it rests on.
    """

    campaign_id: UUID
    invitation_id: UUID
    local_government_id: UUID
    name: str
    country: str
    region: str
    subdivision: str | None
    themes: list[str]
    signed_on: date
    submitted_at: datetime | None
    made_at: datetime | None
    returned_at: datetime | None
    withdrawn_at: datetime | None
    signatory_id: UUID
    recorded_by: str
    proof_id: UUID | None


class ReturnIn(Body):
    """`reason` is shown to the local government only."""

    reason: Line


@router.get("/campaigns/{campaign_id}/commitments", **access(OF_CAMPAIGN))
async def get_commitments(
    *,
    campaign_id: UUID,
    request: Request,
    response: Response,
    database: DatabaseDep,
    page: PageDep,
    status: Annotated[CommitmentStatus | None, Query()] = None,
    country: Annotated[str | None, Query(pattern="^[A-Z]{2}$", description="ISO 3166-1 alpha-2.")] = None,
    region: Annotated[str | None, Query(pattern="^[0-9]{3}$", description="UN M49 sub-region.")] = None,
    theme: Annotated[Code | None, Query(description="A theme's code, at whatever rank.")] = None,
    recorded_by: Annotated[Literal["link", "paper", "import"] | None, Query()] = None,
    q: Annotated[str | None, Query(max_length=100, description="Part of the local government's name.")] = None,
    newest_first: bool = False,
) -> Page[ListedPledgeOut]:
    """Lists the campaign's pledges in the order in which they came, whatever became of them."""
    wanted = CommitmentFilter(campaign_id, status, country, region, theme, recorded_by, q)
    async with database.transaction() as session:
        found = await list_commitments(session, wanted, page, newest_first=newest_first)
    rows, cursor = cut(found, page, lambda row: (row["id"],))
    link_next(request, response, cursor)
    return Page(items=[ListedPledgeOut(commitment_id=row["id"], **row) for row in rows], next=cursor)


@router.get("/commitments/{commitment_id}", **access(OF_COMMITMENT))
async def get_commitment(commitment_id: UUID, response: Response, database: DatabaseDep) -> PledgeOut:
    """Shows one pledge and who signed it."""
    response.headers["Cache-Control"] = "no-store"
    async with database.transaction() as session:
        commitment = await load(session, Commitment, commitment_id)
        beside = await shown_with(session, commitment_id)
    return PledgeOut(
        **_status(commitment).model_dump(),
        **beside,
        campaign_id=commitment.campaign_id,
        invitation_id=commitment.invitation_id,
        local_government_id=commitment.local_government_id,
        signed_on=commitment.signed_on,
        themes=list(commitment.themes),
        submitted_at=commitment.submitted_at,
        made_at=commitment.made_at,
        returned_at=commitment.returned_at,
        return_reason=commitment.return_reason,
        withdrawn_at=commitment.withdrawn_at,
    )


@router.post("/commitments/{commitment_id}/confirmation", **access(OF_COMMITMENT, NotSubmitted))
async def post_confirmation(commitment_id: UUID, database: DatabaseDep, now: NowDep) -> CommitmentStatusOut:
    """Confirms the signatory of a submitted pledge, which counts from now on; doing so twice changes nothing."""
    return _status(await confirm_commitment(database, commitment_id, now))


@router.post("/commitments/{commitment_id}/return", **access(OF_COMMITMENT, NotSubmitted))
async def post_return(commitment_id: UUID, body: ReturnIn, database: DatabaseDep, now: NowDep) -> CommitmentStatusOut:
    """Lets the local government submit its pledge again; doing so twice changes nothing."""
    return _status(await return_commitment(database, commitment_id, body.reason, now))


@router.post("/commitments/{commitment_id}/withdrawal", **access(OF_COMMITMENT, NotCounted))
async def post_withdrawal(commitment_id: UUID, database: DatabaseDep, now: NowDep) -> CommitmentStatusOut:
    """Takes a commitment out of those that stand; doing so twice changes nothing."""
    return _status(await withdraw_commitment(database, commitment_id, now))


def _status(commitment: Commitment) -> CommitmentStatusOut:
    return CommitmentStatusOut(commitment_id=commitment.id, status=commitment.status, ordinal=commitment.ordinal)
