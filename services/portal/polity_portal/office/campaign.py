"""One campaign in the secretariat's office: its progress, the list of invitations, the list of mails."""

import asyncio
from datetime import date, datetime, time
from typing import Annotated, Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Query, Response
from pydantic import BaseModel, Field

from polity_portal.auth.dependencies import SignedFormDep, Visit, VisitDep
from polity_portal.client.problems import none_if_unavailable
from polity_portal.web.milestones import steps
from polity_portal.web.page_routes import OPEN, page_router
from polity_portal.web.pagination import ROWS, Cursor

router = page_router()
PATH = "/{lang:lang}/office/campaigns/{campaign_id}"
LAST_SECOND = time(23, 59, 59)


class InvitationList(BaseModel):
    """The query parameters of the list of invitations."""

    status: Literal[
        "", "invited", "interested", "declined", "overdue", "submitted", "committed", "withdrawn", "revoked"
    ] = ""
    wave: Annotated[str, Field(max_length=200)] = ""
    q: Annotated[str, Field(max_length=100)] = ""
    cursor: Cursor = ""


class MailList(BaseModel):
    """The query parameters of the list of mails."""

    status: Literal[
        "", "waiting_address", "queued", "sent", "failed", "expired", "cancelled_erased", "cancelled_revoked",
        "cancelled_answered",
    ] = ""  # fmt: skip
    local_government_id: Annotated[str, Field(alias="place", pattern=r"^([0-9a-f-]{36})?$")] = ""
    cursor: Cursor = ""


def end_of_day(day: str, zone: str) -> dict[str, str]:
    """Returns the deadline for the API: the last second of the day (ISO 8601) in an IANA zone. Raises ValueError."""
    return {"at": datetime.combine(date.fromisoformat(day), LAST_SECOND, ZoneInfo(zone)).isoformat(), "time_zone": zone}


async def own_campaign(visit: Visit, campaign_id: UUID) -> dict[str, Any]:
    """Returns the campaign with its `network`. Raises NotFound unless the person is that network's secretariat."""
    campaign = await visit.api.get(f"/v1/campaigns/{campaign_id}")
    network, _ = await asyncio.gather(
        visit.api.get(f"/v1/networks/{campaign['network_id']}"), visit.must_be_secretariat(campaign["network_id"])
    )
    return {**campaign, "network": network}


@router.get(PATH, **OPEN)
async def overview(campaign_id: UUID, visit: VisitDep) -> Response:
    campaign, answers = await asyncio.gather(
        own_campaign(visit, campaign_id),
        none_if_unavailable(visit.api.get(f"/v1/progress/{campaign_id}/answers", credentials=visit.credentials)),
    )
    return visit.page(
        "office/campaign.html",
        campaign=campaign,
        answers=answers,
        steps=steps(campaign, visit.portal.clock()),
        demonstration=campaign["demonstration"],
    )


@router.get(PATH + "/invitations", **OPEN)
async def invitations(campaign_id: UUID, visit: VisitDep, wanted: Annotated[InvitationList, Query()]) -> Response:
    filters = {"status": wanted.status, "wave": wanted.wave, "q": wanted.q}
    status = {"overdue": "true"} if wanted.status == "overdue" else {"status": wanted.status}
    listed = visit.api.get(
        f"/v1/campaigns/{campaign_id}/invitations",
        credentials=visit.credentials,
        cursor=wanted.cursor,
        limit=ROWS,
        newest_first="true",
        wave=wanted.wave,
        q=wanted.q,
        **status,
    )
    campaign, found = await asyncio.gather(own_campaign(visit, campaign_id), listed)
    return _list(visit, "office/invitations.html", campaign, found, filters=filters)


@router.post(PATH + "/invitations/{invitation_id}/withdrawal", **OPEN)
async def withdraw(campaign_id: UUID, invitation_id: UUID, visit: VisitDep, form: SignedFormDep) -> Response:
    await visit.api.post(f"/v1/invitations/{invitation_id}/revocation", credentials=visit.credentials)
    return visit.go_to(f"{visit.office}/campaigns/{campaign_id}/invitations", done="withdrawal")


@router.post(PATH + "/invitations/{invitation_id}/erasure", **OPEN)
async def erase_entries(campaign_id: UUID, invitation_id: UUID, visit: VisitDep, form: SignedFormDep) -> Response:
    await visit.api.post(f"/v1/invitations/{invitation_id}/erasure", credentials=visit.credentials)
    return visit.go_to(f"{visit.office}/campaigns/{campaign_id}/invitations", done="erasure")


@router.post(PATH + "/people/{person_id}/erasure", **OPEN)
async def erase(campaign_id: UUID, person_id: UUID, visit: VisitDep, form: SignedFormDep) -> Response:
    await visit.api.post(f"/v1/people/{person_id}/erasure", credentials=visit.credentials)
    return visit.go_to(f"{visit.office}/campaigns/{campaign_id}/invitations", done="erasure")


@router.get(PATH + "/mails", **OPEN)
async def mails(campaign_id: UUID, visit: VisitDep, wanted: Annotated[MailList, Query()]) -> Response:
    """Lists mails that were sent or wait, without their addresses, which only notifications has."""
    filters = {
        "campaign_id": str(campaign_id),
        "status": wanted.status,
        "local_government_id": wanted.local_government_id,
    }
    listed = visit.api.get("/v1/deliveries", credentials=visit.credentials, cursor=wanted.cursor, limit=ROWS, **filters)
    campaign, found = await asyncio.gather(own_campaign(visit, campaign_id), listed)
    ids = [row["local_government_id"] for row in found["items"] if row["local_government_id"]]
    names = await visit.portal.local_government_names.of(ids, visit.api, campaign["network_id"], visit.credentials)
    return _list(
        visit,
        "office/mails.html",
        campaign,
        found,
        filters={"status": wanted.status, "place": wanted.local_government_id},
        names=names,
    )


def _list(visit: Visit, template: str, campaign: dict[str, Any], found: dict[str, Any], **content: Any) -> Response:
    return visit.page(
        template,
        campaign=campaign,
        items=found["items"],
        next_cursor=found["next"],
        demonstration=campaign["demonstration"],
        **content,
    )
