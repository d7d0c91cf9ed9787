"""A city's answer to its invitation: interest, "not this time", the commitment. The link in the address authorises."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import Request, Response

from polity_portal.auth.link_tokens import TokenDep
from polity_portal.client.api import link
from polity_portal.client.problems import ApiProblem, ApiUnavailable, Fault
from polity_portal.web.commitment_form import (
    CommitmentForm,
    faults_in,
    faults_of,
    latest_day,
    saved_form,
    submitted_form,
)
from polity_portal.web.forms import OpenFormDep, text_of
from polity_portal.web.page_routes import OPEN, PageRoute, page_router, problem_page
from polity_portal.web.portal import Portal, PortalDep, portal_of
from polity_portal.web.rendering import go_to, page

PATH = "/{lang:lang}/answer/{token}"
DRAFT = "/v1/answer/draft"
WITH_COMMITMENT = frozenset({"submitted", "committed", "withdrawn"})
"""Statuses with a commitment: the page shows its state and no form."""
ALREADY_ANSWERED = frozenset({"already_committed", "commitment_withdrawn"})
ENDED_LINKS = frozenset({"link_expired", "link_revoked"})
"""Problems of a link that has ended: the page says whom to ask for another."""


class LinkRoute(PageRoute):
    """A page behind a link. If the link has ended, the page says whom to ask and repeats what was typed."""

    async def explain(self, request: Request, error: Exception) -> Response:
        if not isinstance(error, ApiProblem) or error.slug not in ENDED_LINKS:
            return await super().explain(request, error)
        typed = submitted_form(await request.form()).typed() if request.method == "POST" else []
        try:
            whom = await portal_of(request).api.get(
                "/v1/answer/secretariat", credentials=link(request.path_params["token"])
            )
        except (ApiProblem, ApiUnavailable):
            # The page without it still repeats what was typed.
            whom = None
        return problem_page(request, error.slug, error.status, whom=whom, typed=typed)


router = page_router(LinkRoute)


async def read_answer_and_draft(portal: Portal, token: str) -> tuple[Mapping[str, Any], CommitmentForm]:
    """Returns the invitation with its campaign, and the form as it was last saved."""
    answer, draft = await asyncio.gather(
        portal.api.get("/v1/answer", credentials=link(token)), portal.api.get(DRAFT, credentials=link(token))
    )
    # Today in the city's own time zone.
    today = portal.clock().astimezone(ZoneInfo(answer["local_government"]["time_zone"])).date()
    return answer, saved_form(draft, today)


@router.api_route(PATH, methods=["GET", "HEAD"], **OPEN)
async def read(token: TokenDep, request: Request, portal: PortalDep) -> Response:
    return answer_page(request, *await read_answer_and_draft(portal, token))


@router.get(PATH + "/interest", **OPEN)
@router.get(PATH + "/decline", **OPEN)
@router.get(PATH + "/draft", **OPEN)
@router.get(PATH + "/commitment", **OPEN)
async def back(lang: str, token: TokenDep) -> Response:
    """Redirects to the page: a browser asks for a form's address when its answer is reloaded or translated."""
    return go_to(f"/{lang}/answer/{token}")


@router.post(PATH + "/interest", **OPEN)
async def express_interest(lang: str, token: TokenDep, portal: PortalDep, form: OpenFormDep) -> Response:
    try:
        await portal.api.post("/v1/answer/interest", credentials=link(token))
    except ApiProblem as problem:
        if problem.slug not in ALREADY_ANSWERED:
            raise
    return go_to(f"/{lang}/answer/{token}#pledge")


@router.post(PATH + "/decline", **OPEN)
async def decline(lang: str, token: TokenDep, request: Request, portal: PortalDep, form: OpenFormDep) -> Response:
    """Declines the invitation, with the reason if one is given."""
    reason = text_of(form, "decline_reason").strip()
    try:
        await portal.api.in_language(lang).post(
            "/v1/answer/decline", {"reason": reason} if reason else {}, credentials=link(token)
        )
    except ApiProblem as problem:
        if problem.slug not in ALREADY_ANSWERED:
            answer, saved = await read_answer_and_draft(portal, token)
            faults = [replace(fault, field="decline_reason") for fault in faults_of(problem)]
            return answer_page(request, answer, saved, faults, status=422, declining=reason)
    return go_to(f"/{lang}/answer/{token}#answered")


@router.post(PATH + "/draft", **OPEN)
async def save(lang: str, token: TokenDep, request: Request, portal: PortalDep, form: OpenFormDep) -> Response:
    """Saves the form. Answers 409 with both forms if somebody else saved it since the page was loaded."""
    entered = submitted_form(form)
    api = portal.api.in_language(lang)
    letter = text_of(form, "page") == "letter"
    template = "answers/letter.html" if letter else "answers/answer.html"
    try:
        await api.put(DRAFT, entered.as_draft(), credentials=link(token), revision=entered.revision)
    except ApiProblem as problem:
        if problem.slug in ALREADY_ANSWERED:
            return go_to(f"/{lang}/answer/{token}")
        answer, saved = await read_answer_and_draft(portal, token)
        if problem.slug == "stale_version":
            return answer_page(request, answer, entered, status=409, template=template, saved=saved)
        return answer_page(request, answer, entered, faults_of(problem), status=422, template=template)
    return go_to(f"/{lang}/answer/{token}{'/letter' if letter else ''}#saved")


@router.post(PATH + "/commitment", **OPEN)
async def commit(lang: str, token: TokenDep, request: Request, portal: PortalDep, form: OpenFormDep) -> Response:
    answer = await portal.api.get("/v1/answer", credentials=link(token))
    here = go_to(f"/{lang}/answer/{token}")
    if answer["status"] in WITH_COMMITMENT:
        return here
    entered = submitted_form(form)
    faults = faults_in(entered, answer["campaign"]["themes"], latest_day(portal.clock().date()))
    if not faults:
        try:
            await portal.api.in_language(lang).post(
                "/v1/answer/commitment",
                entered.as_command(),
                credentials=link(token),
                idempotency_key=entered.idempotency_key,
            )
        except ApiProblem as problem:
            if problem.slug in ALREADY_ANSWERED:
                return here
            faults = faults_of(problem)
        else:
            return here
    return answer_page(request, answer, entered, faults, status=422)


def answer_page(
    request: Request,
    answer: Mapping[str, Any],
    entered: CommitmentForm,
    faults: list[Fault] | None = None,
    *,
    status: int = 200,
    template: str = "answers/answer.html",
    saved: CommitmentForm | None = None,
    declining: str = "",
) -> Response:
    """Returns the city's page.

    `saved` is what somebody else saved while `entered` was typed, shown beside it; `declining` is the reason that was
    typed for declining.
    """
    campaign = answer["campaign"]
    path = "/".join(request.url.path.split("/")[:4])
    return page(
        request,
        "answers/thanks.html" if answer["status"] in WITH_COMMITMENT else template,
        status=status,
        answer=answer,
        campaign=campaign,
        city=answer["local_government"],
        entered=entered,
        saved=saved,
        answer_path=path,
        form_path=f"{path}/letter" if template == "answers/letter.html" else path,
        faults=faults or [],
        declining=declining,
        demonstration=campaign["demonstration"],
    )
