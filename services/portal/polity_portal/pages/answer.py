"""The answer to an invitation: read, say "we are interested", make the pledge. The link in the address is the key."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import Depends, Request, Response
from polity_chassis.ids import new_id

from polity_portal.api import ApiProblem, Fault, link
from polity_portal.pledges import Pledge, faults_in, pledge_from
from polity_portal.portal import PortalDep
from polity_portal.rendering import go_to, page
from polity_portal.routing import OPEN, pages
from polity_portal.signed_in import OpenFormDep
from polity_portal.tokens import known_shape

router = pages()
PATH = "/{lang:lang}/answer/{token}"
REFUSED_FIELDS = {"themes_invalid": "themes", "signed_in_future": "signed_on"}
TokenDep = Annotated[str, Depends(known_shape)]


@router.api_route(PATH, methods=["GET", "HEAD"], **OPEN)
async def read(token: TokenDep, request: Request, portal: PortalDep) -> Response:
    answer = await portal.api.get("/v1/answer", credentials=link(token))
    # The day where the city is: it may be tomorrow there already.
    today = portal.clock().astimezone(ZoneInfo(answer["local_government"]["time_zone"])).date()
    return _page(request, answer, Pledge(signed_on=today.isoformat(), idempotency_key=str(new_id())))


@router.get(PATH + "/interest", **OPEN)
@router.get(PATH + "/commitment", **OPEN)
async def back(lang: str, token: TokenDep) -> Response:
    """Where forms go there is nothing to read: a reloaded or translated answer to one leads back to the page."""
    return go_to(f"/{lang}/answer/{token}")


@router.post(PATH + "/interest", **OPEN)
async def express_interest(lang: str, token: TokenDep, portal: PortalDep, form: OpenFormDep) -> Response:
    try:
        await portal.api.post("/v1/answer/interest", credentials=link(token))
    except ApiProblem as problem:
        if problem.slug != "already_committed":
            raise
    return go_to(f"/{lang}/answer/{token}#pledge")


@router.post(PATH + "/commitment", **OPEN)
async def commit(lang: str, token: TokenDep, request: Request, portal: PortalDep, form: OpenFormDep) -> Response:
    answer = await portal.api.get("/v1/answer", credentials=link(token))
    here = go_to(f"/{lang}/answer/{token}")
    if answer["status"] == "committed":
        return here
    pledge = pledge_from(form)
    faults = faults_in(pledge, answer["campaign"]["themes"], _today_there(portal.clock().date()))
    if not faults:
        try:
            await portal.api.speaking(lang).post(
                "/v1/answer/commitment",
                pledge.as_command(),
                credentials=link(token),
                idempotency_key=pledge.idempotency_key,
            )
        except ApiProblem as problem:
            if problem.slug == "already_committed":
                return here
            faults = _faults(problem)
        else:
            return here
    return _page(request, answer, pledge, faults, status=422)


def _faults(problem: ApiProblem) -> list[Fault]:
    """What the API found wrong with the form. Raises the problem when it is about something else."""
    if problem.slug in REFUSED_FIELDS:
        return [Fault(REFUSED_FIELDS[problem.slug], problem.slug, problem.title)]
    if not problem.faults:
        raise problem
    return problem.faults


def _today_there(today: date) -> date:
    """The latest date that it is anywhere: clocks east of here may show tomorrow."""
    return date.fromordinal(today.toordinal() + 1)


def _page(
    request: Request, answer: Mapping[str, Any], pledge: Pledge, faults: list[Fault] | None = None, status: int = 200
) -> Response:
    campaign = answer["campaign"]
    return page(
        request,
        "thanks.html" if answer["status"] == "committed" else "answer.html",
        status=status,
        answer=answer,
        campaign=campaign,
        city=answer["local_government"],
        pledge=pledge,
        faults=faults or [],
        demonstration=campaign["demonstration"],
    )
