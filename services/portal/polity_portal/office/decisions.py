"""Decisions of the secretariat: confirm, return or withdraw a commitment, extend a deadline, announce a milestone."""

import asyncio
from typing import Annotated, Any
from uuid import UUID

from fastapi import Path, Response

from polity_portal.auth.dependencies import SignedFormDep, Visit, VisitDep
from polity_portal.client.problems import ApiProblem, Fault
from polity_portal.office.campaign import PATH, end_of_day, own_campaign
from polity_portal.web.errors import NotFound
from polity_portal.web.forms import text_of
from polity_portal.web.page_routes import OPEN, page_router

router = page_router()
COMMITMENT = PATH + "/commitments/{commitment_id}"
EXTENSION = PATH + "/invitations/{invitation_id}/extension"
ANNOUNCEMENT = PATH + "/milestones/{threshold}/announcement"
SETTLED = frozenset({"not_submitted", "not_counted"})
"""Refusals because somebody else has decided meanwhile: the page shows what they decided."""
ThresholdDep = Annotated[int, Path(ge=1)]


@router.get(COMMITMENT, **OPEN)
async def commitment(campaign_id: UUID, commitment_id: UUID, visit: VisitDep) -> Response:
    return await _commitment_page(visit, campaign_id, commitment_id)


async def _commitment_page(visit: Visit, campaign_id: UUID, commitment_id: UUID, **content: Any) -> Response:
    campaign, commitment = await asyncio.gather(
        own_campaign(visit, campaign_id),
        visit.api.get(f"/v1/commitments/{commitment_id}", credentials=visit.credentials),
    )
    if commitment["campaign_id"] != str(campaign_id):
        raise NotFound
    letters = f"/v1/invitations/{commitment['invitation_id']}/proofs"
    proofs = await visit.api.get(letters, credentials=visit.credentials)
    status = 422 if content.get("faults") else 200
    content = {"faults": [], "reason_given": "", **content}
    return visit.page(
        "office/commitment.html",
        status=status,
        campaign=campaign,
        commitment=commitment,
        proofs=proofs,
        demonstration=campaign["demonstration"],
        **content,
    )


async def _decide(visit: Visit, commitment_id: UUID, decision: str, body: dict[str, Any] | None = None) -> Response:
    """Decides and redirects to the commitment. Raises ApiProblem if what was entered is refused."""
    here = visit.request.url.path.rpartition("/")[0]
    try:
        await visit.api.post(f"/v1/commitments/{commitment_id}/{decision}", body, credentials=visit.credentials)
    except ApiProblem as problem:
        if problem.slug not in SETTLED:
            raise
        return visit.go_to(here, done="settled")
    return visit.go_to(here, done=decision)


@router.post(COMMITMENT + "/confirmation", **OPEN)
async def confirm(campaign_id: UUID, commitment_id: UUID, visit: VisitDep, form: SignedFormDep) -> Response:
    return await _decide(visit, commitment_id, "confirmation")


@router.post(COMMITMENT + "/withdrawal", **OPEN)
async def withdraw(campaign_id: UUID, commitment_id: UUID, visit: VisitDep, form: SignedFormDep) -> Response:
    return await _decide(visit, commitment_id, "withdrawal")


@router.post(COMMITMENT + "/return", **OPEN)
async def return_commitment(campaign_id: UUID, commitment_id: UUID, visit: VisitDep, form: SignedFormDep) -> Response:
    reason = text_of(form, "reason")
    try:
        return await _decide(visit, commitment_id, "return", {"reason": reason})
    except ApiProblem as problem:
        if not problem.faults:
            raise
        return await _commitment_page(visit, campaign_id, commitment_id, faults=problem.faults, reason_given=reason)


@router.get(EXTENSION, **OPEN)
async def more_time(campaign_id: UUID, invitation_id: UUID, visit: VisitDep) -> Response:
    return await _extension_page(visit, campaign_id, await _invitation(visit, invitation_id))


async def _invitation(visit: Visit, invitation_id: UUID) -> dict[str, Any]:
    found: dict[str, Any] = await visit.api.get(f"/v1/invitations/{invitation_id}", credentials=visit.credentials)
    return found


async def _extension_page(
    visit: Visit,
    campaign_id: UUID,
    invitation: dict[str, Any],
    *,
    day: str = "",
    fault: Fault | None = None,
) -> Response:
    campaign = await own_campaign(visit, campaign_id)
    if invitation["campaign_id"] != str(campaign_id):
        raise NotFound
    return visit.page(
        "office/extension.html",
        status=422 if fault else 200,
        campaign=campaign,
        invitation=invitation,
        day=day,
        faults=[fault] if fault else [],
        demonstration=campaign["demonstration"],
    )


@router.post(EXTENSION, **OPEN)
async def extend(campaign_id: UUID, invitation_id: UUID, visit: VisitDep, form: SignedFormDep) -> Response:
    """Extends the deadline to the end of the day, in the deadline's own zone."""
    invitation = await _invitation(visit, invitation_id)
    day = text_of(form, "day")
    try:
        reply_by = {"reply_by": end_of_day(day, invitation["reply_by"]["time_zone"])}
        await visit.api.post(f"/v1/invitations/{invitation_id}/extension", reply_by, credentials=visit.credentials)
    except ValueError:
        return await _extension_page(visit, campaign_id, invitation, day=day, fault=Fault("day", "not_a_date"))
    except ApiProblem as problem:
        if problem.status != 422:
            raise
        return await _extension_page(
            visit, campaign_id, invitation, day=day, fault=Fault("day", problem.slug, problem.title)
        )
    return visit.go_to(visit.request.url.path, done="extension")


@router.get(ANNOUNCEMENT, **OPEN)
async def look_at_announcement(campaign_id: UUID, threshold: ThresholdDep, visit: VisitDep) -> Response:
    campaign = await own_campaign(visit, campaign_id)
    milestone = next((m for m in campaign["milestones"] if m["threshold"] == threshold), None)
    if milestone is None:
        raise NotFound
    return visit.page(
        "office/announce.html", campaign=campaign, milestone=milestone, demonstration=campaign["demonstration"]
    )


@router.post(ANNOUNCEMENT, **OPEN)
async def announce(campaign_id: UUID, threshold: ThresholdDep, visit: VisitDep, form: SignedFormDep) -> Response:
    await visit.api.post(
        f"/v1/campaigns/{campaign_id}/milestones/{threshold}/announcement", credentials=visit.credentials
    )
    return visit.go_to(f"{visit.office}/campaigns/{campaign_id}", announced=threshold)
