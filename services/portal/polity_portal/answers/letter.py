"""The letter that a city signs on paper: filled in, printed, and its photo sent by the same link."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fastapi import Request, Response

from polity_portal.answers.answer import PATH, LinkRoute, answer_page, read_answer_and_draft
from polity_portal.auth.link_tokens import TokenDep
from polity_portal.client.api import link
from polity_portal.client.problems import ApiProblem, Fault
from polity_portal.client.proof_upload import fault_of, file_of, refusal_of, upload_proof
from polity_portal.web.commitment_form import CommitmentForm
from polity_portal.web.forms import OpenUploadDep
from polity_portal.web.page_routes import OPEN, page_router
from polity_portal.web.portal import PortalDep
from polity_portal.web.rendering import go_to

router = page_router(LinkRoute)


@router.get(PATH + "/letter", **OPEN)
async def read(token: TokenDep, request: Request, portal: PortalDep) -> Response:
    return _page(request, *await read_answer_and_draft(portal, token))


@router.post(PATH + "/letter", **OPEN)
async def send(lang: str, token: TokenDep, request: Request, portal: PortalDep, form: OpenUploadDep) -> Response:
    """Uploads the photo of the signed letter, from browsers without scripts."""
    content = await file_of(form)
    fault = fault_of(content)
    if fault is None:
        try:
            await upload_proof(portal.api.in_language(lang), "/v1/answer/proofs", content, credentials=link(token))
        except ApiProblem as problem:
            fault = refusal_of(problem)
        else:
            return go_to(f"/{lang}/answer/{token}/letter#sent")
    return _page(request, *await read_answer_and_draft(portal, token), fault)


def _page(request: Request, answer: Mapping[str, Any], entered: CommitmentForm, fault: Fault | None = None) -> Response:
    if not entered.revision:
        # The letter may be filled in by hand on another day: only the form on the screen begins with today's date.
        entered = replace(entered, signed_on="")
    faults = [fault] if fault else []
    return answer_page(request, answer, entered, faults, status=422 if fault else 200, template="answers/letter.html")
