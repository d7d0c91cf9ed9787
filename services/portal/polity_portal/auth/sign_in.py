"""Signing in at the realm and out again."""

import re
from typing import Annotated

from fastapi import Query, Request, Response

from polity_portal.auth.dependencies import SignedFormDep, VisitDep, cookie_name, is_secure
from polity_portal.auth.sealing import new_secret
from polity_portal.auth.state import AuthDep, AuthState
from polity_portal.i18n.languages import FALLBACK, LANGUAGES
from polity_portal.web.errors import IdentityUnavailable, SignInRefused
from polity_portal.web.forms import OpenFormDep, text_of
from polity_portal.web.page_routes import OPEN, page_router
from polity_portal.web.portal import Portal, PortalDep
from polity_portal.web.rendering import go_to, page

router = page_router()
ATTEMPT_SECONDS = 600
LOCAL_PATH = re.compile(r"/[A-Za-z0-9][A-Za-z0-9/._~-]*")


@router.get("/{lang:lang}/sign-in", **OPEN)
async def begin(
    lang: str, portal: PortalDep, auth: AuthDep, after: Annotated[str, Query(alias="next", max_length=600)] = ""
) -> Response:
    return _to_the_realm(portal, auth, lang, after)


@router.post("/{lang:lang}/sign-in", **OPEN)
async def begin_from_form(lang: str, portal: PortalDep, auth: AuthDep, form: OpenFormDep) -> Response:
    """Begins signing in with the address to return to in the form, not in the URL: it may be secret."""
    return _to_the_realm(portal, auth, lang, text_of(form, "next"))


@router.get("/sign-in/callback", **OPEN)
async def arrive(request: Request, portal: PortalDep, auth: AuthDep, code: str = "", state: str = "") -> Response:
    """Exchanges the realm's code for a session, for the browser with the cookie of this attempt alone."""
    name = cookie_name(portal, "sign-in")
    secret, _, after = request.cookies.get(name, "").partition(":")
    if not (secret and code):
        raise SignInRefused
    grant = await auth.identity.exchange(secret, code, state, portal.clock())
    earlier = request.cookies.get(cookie_name(portal, "session"))
    if earlier:
        await auth.sessions.close(earlier)
    response = go_to(local(after, FALLBACK))
    _set(response, portal, "session", await auth.sessions.open(grant, portal.clock()), None)
    response.delete_cookie(name, path="/", secure=is_secure(portal), httponly=True, samesite="lax")
    return response


@router.post("/{lang:lang}/sign-out", **OPEN)
async def sign_out(lang: str, visit: VisitDep, auth: AuthDep, form: SignedFormDep) -> Response:
    portal = visit.portal
    grant = await auth.sessions.close(visit.session.secret)
    complete = True
    if grant:
        try:
            await auth.identity.end(grant)
        except IdentityUnavailable:
            complete = False
    response = go_to(f"/{lang}/signed-out{'' if complete else '?incomplete=1'}")
    name = cookie_name(portal, "session")
    response.delete_cookie(name, path="/", secure=is_secure(portal), httponly=True, samesite="lax")
    return response


@router.get("/{lang:lang}/signed-out", **OPEN)
async def signed_out(request: Request, incomplete: bool = False) -> Response:
    return page(request, "auth/signed_out.html", incomplete=incomplete)


def local(path: str, language: str) -> str:
    """Returns the path if it is a page of the portal, else the office's first page: never another site."""
    known = LOCAL_PATH.fullmatch(path) and path.split("/")[1] in LANGUAGES
    return path if known else f"/{language}/office"


def _to_the_realm(portal: Portal, auth: AuthState, language: str, after: str) -> Response:
    secret = new_secret()
    response = go_to(auth.identity.authorization_url(secret, language))
    _set(response, portal, "sign-in", f"{secret}:{local(after, language)}", ATTEMPT_SECONDS)
    return response


def _set(response: Response, portal: Portal, purpose: str, value: str, seconds: int | None) -> None:
    response.set_cookie(
        cookie_name(portal, purpose),
        value,
        max_age=seconds,
        path="/",
        secure=is_secure(portal),
        httponly=True,
        samesite="lax",
    )
