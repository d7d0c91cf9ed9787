"""A letter that the secretariat got on paper: its photo is uploaded and the commitment recorded from it."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Response
from polity_chassis.ids import new_id

from polity_portal.auth.dependencies import SignedFormDep, Visit, VisitDep
from polity_portal.client.problems import ApiProblem, Fault
from polity_portal.client.proof_upload import fault_of, file_of, refusal_of, upload_proof
from polity_portal.office.campaign import PATH as CAMPAIGN
from polity_portal.office.campaign import own_campaign
from polity_portal.web.commitment_form import CommitmentForm, faults_in, faults_of, latest_day, submitted_form
from polity_portal.web.page_routes import OPEN, page_router
from polity_portal.web.rendering import go_to

router = page_router()
PATH = CAMPAIGN + "/invitations/{invitation_id}/paper"
LONGEST_SEARCH = 100


@router.get(PATH, **OPEN)
async def read(campaign_id: UUID, invitation_id: UUID, visit: VisitDep) -> Response:
    return await _page(visit, campaign_id, invitation_id, CommitmentForm(idempotency_key=str(new_id())))


@router.post(PATH + "/proof", **OPEN)
async def send(campaign_id: UUID, invitation_id: UUID, visit: VisitDep, form: SignedFormDep) -> Response:
    """Uploads the letter's photo and redirects to the page, which then asks for what the letter says."""
    content = await file_of(form)
    fault = fault_of(content)
    if fault is None:
        path = f"/v1/invitations/{invitation_id}/proofs"
        try:
            await upload_proof(visit.api, path, content, credentials=visit.credentials)
        except ApiProblem as problem:
            fault = refusal_of(problem)
        else:
            return go_to(f"{_address(visit, campaign_id, invitation_id)}#says")
    return await _page(visit, campaign_id, invitation_id, CommitmentForm(idempotency_key=str(new_id())), [fault])


@router.post(PATH, **OPEN)
async def record(campaign_id: UUID, invitation_id: UUID, visit: VisitDep, form: SignedFormDep) -> Response:
    entered = submitted_form(form)
    campaign, invitation, proofs = await _read(visit, campaign_id, invitation_id)
    faults = [] if proofs else [Fault("file", "required")]
    faults += faults_in(entered, campaign["themes"], latest_day(visit.portal.clock().date()))
    if not faults:
        try:
            await visit.api.post(
                f"/v1/invitations/{invitation_id}/commitment",
                {**entered.as_command(), "proof_id": proofs[0]["proof_id"]},
                credentials=visit.credentials,
                idempotency_key=entered.idempotency_key,
            )
        except ApiProblem as problem:
            faults = faults_of(problem)
        else:
            shown = urlencode({"q": invitation["name"][:LONGEST_SEARCH]})
            return visit.go_to(
                f"{visit.office}/campaigns/{campaign_id}/invitations?{shown}",
                done="record",
                early=_early(entered, invitation),
            )
    return await _page(visit, campaign_id, invitation_id, entered, faults)


def _early(entered: CommitmentForm, invitation: Mapping[str, Any]) -> bool:
    """Returns whether the letter was signed before the invitation was issued, in every time zone."""
    issued = datetime.fromisoformat(invitation["issued_at"]).astimezone(UTC).date()
    return date.fromisoformat(entered.signed_on) < issued - timedelta(days=1)


@router.get(PATH + "/proofs/{proof_id}", **OPEN)
async def proof_file(campaign_id: UUID, invitation_id: UUID, proof_id: UUID, visit: VisitDep) -> Response:
    """Returns the letter as a download. The page shows it in an img element, which runs no script that may be in it."""
    found = await visit.api.send("GET", f"/v1/proofs/{proof_id}", credentials=visit.credentials)
    kept = ("Content-Type", "Content-Disposition", "Cache-Control")
    return Response(found.content, headers={name: found.headers[name] for name in kept})


async def _read(visit: Visit, campaign_id: UUID, invitation_id: UUID) -> tuple[Any, Any, list[dict[str, Any]]]:
    """Returns the campaign, the invitation and its letters."""
    campaign, invitation, proofs = await asyncio.gather(
        own_campaign(visit, campaign_id),
        visit.api.get(f"/v1/invitations/{invitation_id}", credentials=visit.credentials),
        _proofs(visit, invitation_id),
    )
    return campaign, invitation, proofs


async def _proofs(visit: Visit, invitation_id: UUID) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = await visit.api.get(
        f"/v1/invitations/{invitation_id}/proofs", credentials=visit.credentials
    )
    return found


def _address(visit: Visit, campaign_id: UUID, invitation_id: UUID) -> str:
    return f"{visit.office}/campaigns/{campaign_id}/invitations/{invitation_id}/paper"


async def _page(
    visit: Visit, campaign_id: UUID, invitation_id: UUID, entered: CommitmentForm, faults: list[Fault] | None = None
) -> Response:
    campaign, invitation, proofs = await _read(visit, campaign_id, invitation_id)
    return visit.page(
        "office/paper.html",
        status=422 if faults else 200,
        campaign=campaign,
        invitation=invitation,
        proofs=proofs,
        entered=entered,
        faults=faults or [],
        address=_address(visit, campaign_id, invitation_id),
        demonstration=campaign["demonstration"],
    )
