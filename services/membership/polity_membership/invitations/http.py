"""Invitations as the secretariat sees them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from polity_chassis.authorization.access import access
from polity_chassis.web.dependencies import DatabaseDep, NowDep
from polity_chassis.web.idempotency import IdempotencyDep
from polity_chassis.web.pagination import Page, PageDep, cut, link_next
from pydantic import BaseModel, Field, model_validator
from pydantic_core import PydanticCustomError

from polity_membership.api.access_rules import OF_CAMPAIGN, OF_INVITATION
from polity_membership.api.fields import Body, DeadlineIn, DeadlineOut, Line
from polity_membership.campaigns.errors import DeadlinePassed
from polity_membership.errors import LinkRevoked
from polity_membership.invitations.domain import LARGEST_SELECTION
from polity_membership.invitations.errors import ALREADY_ANSWERED, DeadlineNotLater, TooManyInvitations
from polity_membership.invitations.queries import InvitationFilter, list_invitations, one_invitation
from polity_membership.invitations.usecases.erase_entries import erase_entries
from polity_membership.invitations.usecases.extend_invitation import extend_invitation
from polity_membership.invitations.usecases.invite_local_governments import (
    InviteLocalGovernments,
    invite_local_governments,
)
from polity_membership.invitations.usecases.revoke_invitation import revoke_invitation
from polity_membership.local_governments.errors import LocalGovernmentUnknown

router = APIRouter(prefix="/v1", tags=["invitations"])
STATUSES = "invited, interested, declined, submitted, committed, withdrawn, revoked."


class InvitationsIn(Body):
    """Either ids or `all`, which region and country may narrow; without `reply_by` the campaign's deadline holds."""

    wave: Line
    local_government_ids: Annotated[list[UUID], Field(json_schema_extra={"maxItems": LARGEST_SELECTION})] | None = None
    all: bool = False
    region: Annotated[str, Field(max_length=3)] | None = None
    country: Annotated[str, Field(max_length=2)] | None = None
    reply_by: DeadlineIn | None = None

    @model_validator(mode="after")
    def one_selection(self) -> Self:
        if self.all == (self.local_government_ids is not None):
            raise PydanticCustomError("one_selection", "either ids or all")
        return self


class InvitedOut(BaseModel):
    """`remaining` can be invited by calling again: one call invites 5,000 at most."""

    invited: int
    already_invited: int
    without_contact: int
    remaining: int


class InvitationOut(BaseModel):
    """`contact_id` and `signatory_id` are ids only: who they are is not shown in lists.

    `overdue` says that the deadline passed without a pledge, by our clock.
    `decline_reason` is what the local government said, if anything, for the secretariat alone.
    `recorded_by` is link, paper or import; `proof_id` is the signed letter it rests on, or that waits to be recorded.
    """

    invitation_id: UUID
    campaign_id: UUID
    local_government_id: UUID
    name: str
    country: str
    subdivision: str | None
    wave: str
    status: str
    language: str
    reply_by: DeadlineOut
    overdue: bool
    issued_at: datetime
    interested_at: datetime | None
    declined_at: datetime | None
    decline_reason: str | None
    commitment_id: UUID | None
    submitted_at: datetime | None
    committed_at: datetime | None
    withdrawn_at: datetime | None
    ordinal: int | None
    contact_id: UUID
    signatory_id: UUID | None
    recorded_by: str | None
    proof_id: UUID | None

    @classmethod
    def of(cls, row: Mapping[Any, Any]) -> Self:
        """Returns what is shown of a row."""
        reply_by = DeadlineOut(at=row["reply_at"], time_zone=row["reply_time_zone"])
        return cls(invitation_id=row["id"], reply_by=reply_by, **row)


class RevokedOut(BaseModel):
    invitation_id: UUID
    status: str


class ErasedOut(BaseModel):
    invitation_id: UUID


class ExtensionIn(Body):
    reply_by: DeadlineIn


class ExtendedOut(BaseModel):
    invitation_id: UUID
    reply_by: DeadlineOut


@router.post(
    "/campaigns/{campaign_id}/invitations",
    status_code=201,
    **access(OF_CAMPAIGN, DeadlinePassed, TooManyInvitations, LocalGovernmentUnknown),
)
async def post_invitations(
    campaign_id: UUID, body: InvitationsIn, database: DatabaseDep, now: NowDep, key: IdempotencyDep
) -> InvitedOut:
    """Invites a selection of the register; whoever was invited before is not invited again."""
    ids = body.local_government_ids
    command = InviteLocalGovernments(
        campaign_id=campaign_id,
        wave=body.wave,
        local_government_ids=None if ids is None else frozenset(ids),
        region=body.region,
        country=body.country,
        reply_by=body.reply_by.deadline() if body.reply_by else None,
    )
    return InvitedOut(**await invite_local_governments(database, command, now, key))


@router.get("/campaigns/{campaign_id}/invitations", **access(OF_CAMPAIGN))
async def get_invitations(
    *,
    campaign_id: UUID,
    request: Request,
    response: Response,
    database: DatabaseDep,
    now: NowDep,
    page: PageDep,
    status: Annotated[str | None, Query(max_length=20, description=STATUSES)] = None,
    wave: Annotated[str | None, Query(max_length=200)] = None,
    q: Annotated[str | None, Query(max_length=100, description="Part of the name.")] = None,
    overdue: Annotated[bool | None, Query(description="Whether the deadline passed without a pledge.")] = None,
    newest_first: bool = False,
) -> Page[InvitationOut]:
    """Lists the campaign's invitations in the order of their issue, the oldest first by default."""
    wanted = InvitationFilter(campaign_id, status, wave, q, overdue)
    async with database.transaction() as session:
        found = await list_invitations(session, wanted, page, now, newest_first=newest_first)
    rows, cursor = cut(found, page, lambda row: (row["id"],))
    link_next(request, response, cursor)
    return Page(items=[InvitationOut.of(row) for row in rows], next=cursor)


@router.get("/invitations/{invitation_id}", **access(OF_INVITATION))
async def get_invitation(invitation_id: UUID, database: DatabaseDep, now: NowDep) -> InvitationOut:
    """Shows one invitation as the list does."""
    async with database.transaction() as session:
        return InvitationOut.of(await one_invitation(session, invitation_id, now))


@router.post("/invitations/{invitation_id}/revocation", **access(OF_INVITATION, *ALREADY_ANSWERED))
async def post_revocation(invitation_id: UUID, database: DatabaseDep, now: NowDep) -> RevokedOut:
    """Makes the links sent so far invalid; doing so twice changes nothing."""
    invitation = await revoke_invitation(database, invitation_id, now)
    return RevokedOut(invitation_id=invitation.id, status=invitation.status)


@router.post("/invitations/{invitation_id}/erasure", status_code=202, **access(OF_INVITATION))
async def post_entries_erasure(invitation_id: UUID, database: DatabaseDep, now: NowDep) -> ErasedOut:
    """Erases the saved form, the reasons, and the photos of letters that no pledge rests on; doing so twice is once.

    For somebody who is neither the contact nor the signatory, who are erased by their own ids.
    """
    await erase_entries(database, invitation_id, now)
    return ErasedOut(invitation_id=invitation_id)


@router.post(
    "/invitations/{invitation_id}/extension",
    **access(OF_INVITATION, DeadlinePassed, DeadlineNotLater, LinkRevoked, *ALREADY_ANSWERED),
)
async def post_extension(invitation_id: UUID, body: ExtensionIn, database: DatabaseDep, now: NowDep) -> ExtendedOut:
    """Gives more time to answer: the links sent so far work until the new deadline."""
    invitation = await extend_invitation(database, invitation_id, body.reply_by.deadline(), now)
    return ExtendedOut(invitation_id=invitation.id, reply_by=DeadlineOut(**invitation.reply_by.model_dump()))
