"""The history of one mail: the fact that caused it, each attempt, and a link to its trace."""

import asyncio
from typing import Any
from uuid import UUID

from fastapi import Response

from polity_portal.auth.dependencies import SignedFormDep, Visit, VisitDep
from polity_portal.client.problems import ApiProblem
from polity_portal.office.campaign import PATH, own_campaign
from polity_portal.web.errors import NotFound
from polity_portal.web.forms import text_of
from polity_portal.web.page_routes import OPEN, page_router

router = page_router()


MAIL = PATH + "/mails/{delivery_id}"
CONTACT = ("name", "email", "language")


@router.get(MAIL, **OPEN)
async def one_mail(campaign_id: UUID, delivery_id: UUID, visit: VisitDep) -> Response:
    return await _page(visit, campaign_id, delivery_id)


@router.post(MAIL + "/contact", **OPEN)
async def correct_contact(campaign_id: UUID, delivery_id: UUID, visit: VisitDep, form: SignedFormDep) -> Response:
    """Corrects the contact of the mail's local government. What was entered is in the form alone, never in a URL."""
    mail = await visit.api.get(f"/v1/deliveries/{delivery_id}", credentials=visit.credentials)
    if mail["local_government_id"] is None:
        raise NotFound
    entered = {name: text_of(form, name) for name in CONTACT}
    path = f"/v1/local-governments/{mail['local_government_id']}/contact"
    try:
        await visit.api.post(path, entered, credentials=visit.credentials)
    except ApiProblem as problem:
        if not problem.faults:
            raise
        return await _page(visit, campaign_id, delivery_id, status=422, entered=entered, faults=problem.faults)
    return visit.go_to(f"{visit.office}/campaigns/{campaign_id}/mails/{delivery_id}", done="contact")


@router.post(MAIL + "/resend", **OPEN)
async def send_again(campaign_id: UUID, delivery_id: UUID, visit: VisitDep, form: SignedFormDep) -> Response:
    try:
        await visit.api.post(f"/v1/deliveries/{delivery_id}/resend", credentials=visit.credentials)
    except ApiProblem as problem:
        if problem.status != 409:
            raise
        return await _page(visit, campaign_id, delivery_id, status=409, refusal=problem.title)
    return visit.go_to(f"{visit.office}/campaigns/{campaign_id}/mails/{delivery_id}", done="resend")


async def _page(visit: Visit, campaign_id: UUID, delivery_id: UUID, *, status: int = 200, **content: Any) -> Response:
    campaign, mail = await asyncio.gather(
        own_campaign(visit, campaign_id),
        visit.api.get(f"/v1/deliveries/{delivery_id}", credentials=visit.credentials),
    )
    if mail["campaign_id"] != str(campaign_id):
        raise NotFound
    about = [mail["local_government_id"]] if mail["local_government_id"] else []
    names = await visit.portal.local_government_names.of(about, visit.api, campaign["network_id"], visit.credentials)
    traces = visit.portal.settings.traces_url
    return visit.page(
        "office/mail.html",
        status=status,
        campaign=campaign,
        mail=mail,
        names=names,
        trace=traces.replace("{trace_id}", mail["trace_id"]) if traces and mail["trace_id"] else None,
        demonstration=campaign["demonstration"],
        **{"refusal": "", "entered": dict.fromkeys(CONTACT, ""), "faults": [], **content},
    )
