"""Taking up a mandate: the person signs in, then accepts. The mail address plays no part in it."""

from typing import Annotated

from fastapi import Depends, Request, Response

from polity_portal.rendering import page
from polity_portal.routing import OPEN, pages
from polity_portal.signed_in import MaybeSessionDep, SignedFormDep, VisitDep
from polity_portal.tokens import known_shape

router = pages()
TokenDep = Annotated[str, Depends(known_shape)]


@router.api_route("/{lang:lang}/mandate/{token}", methods=["GET", "HEAD"], **OPEN)
async def read(token: TokenDep, request: Request, session: MaybeSessionDep) -> Response:
    return page(request, "mandate.html", session=session)


@router.post("/{lang:lang}/mandate/{token}", **OPEN)
async def accept(token: TokenDep, visit: VisitDep, form: SignedFormDep) -> Response:
    await visit.api.post("/v1/mandate-links", {"link": token}, credentials=visit.credentials)
    return visit.go_to(visit.office, done="accepted")
