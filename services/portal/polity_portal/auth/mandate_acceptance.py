"""Accepting a mandate by its link: the person signs in first. The address the link was mailed to plays no part."""

from fastapi import Request, Response

from polity_portal.auth.dependencies import MaybeSessionDep, SignedFormDep, VisitDep
from polity_portal.auth.link_tokens import TokenDep
from polity_portal.web.page_routes import OPEN, page_router
from polity_portal.web.rendering import page

router = page_router()


@router.api_route("/{lang:lang}/mandate/{token}", methods=["GET", "HEAD"], **OPEN)
async def read(token: TokenDep, request: Request, session: MaybeSessionDep) -> Response:
    return page(request, "auth/mandate_acceptance.html", session=session)


@router.post("/{lang:lang}/mandate/{token}", **OPEN)
async def accept(token: TokenDep, visit: VisitDep, form: SignedFormDep) -> Response:
    await visit.api.post("/v1/mandate-links", {"link": token}, credentials=visit.credentials)
    return visit.go_to(visit.office, done="accepted")
