"""FastAPI dependencies of pages behind a session: the session, the form of a session, the visit."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from starlette.datastructures import FormData

from polity_portal.auth.flash_messages import PURPOSE, SECONDS, delete_flash, flash_in, seal_flash
from polity_portal.auth.sessions import Session
from polity_portal.auth.state import auth_of
from polity_portal.auth.uploads import Uploads
from polity_portal.client.api import Api, bearer
from polity_portal.web.errors import FormRefused, NotFound, NotSignedIn, SignInRefused
from polity_portal.web.forms import FIELD_LIMIT, LARGEST_FORM_FIELDS, refuse_cross_site
from polity_portal.web.portal import Portal, portal_of
from polity_portal.web.rendering import go_to, language_of, page

TOURING = "touring"
"""The cookie that tells the office's pages to link back to the tour. Only the first page asks which steps are done."""
FORM_TOKEN = "form_token"  # noqa: S105 - the field's name


def is_secure(portal: Portal) -> bool:
    return portal.settings.public_url.startswith("https://")


def cookie_name(portal: Portal, purpose: str) -> str:
    """Returns the cookie's name. The prefix `__Host-` binds it to this host; browsers accept that over https only."""
    return f"__Host-polity-{purpose}" if is_secure(portal) else f"polity-{purpose}"


async def session_of(request: Request) -> Session | None:
    """Returns the session of the request's cookie. Returns None without a cookie, or if the session has ended."""
    portal, sessions = portal_of(request), auth_of(request).sessions
    secret = request.cookies.get(cookie_name(portal, "session"))
    if not secret:
        return None
    try:
        return await sessions.find(secret, portal.clock())
    except SignInRefused:
        await sessions.close(secret)
        return None


async def required_session(request: Request) -> Session:
    """Returns the session. Raises NotSignedIn if there is none."""
    session = await session_of(request)
    if session is None:
        raise NotSignedIn
    return session


SessionDep = Annotated[Session, Depends(required_session)]


@dataclass(frozen=True)
class Visit:
    """A signed-in person's request."""

    request: Request
    portal: Portal
    session: Session

    @property
    def language(self) -> str:
        """The page's language (BCP 47)."""
        return language_of(self.request).code

    @property
    def api(self) -> Api:
        return self.portal.api.in_language(self.language)

    @property
    def uploads(self) -> Uploads:
        return auth_of(self.request).uploads

    @property
    def credentials(self) -> str:
        return bearer(self.session.grant.access_token)

    @property
    def office(self) -> str:
        """The address of the office in the page's language."""
        return f"/{self.language}/office"

    @property
    def flash(self) -> dict[str, Any]:
        """What the form before this page has done; empty if no form led here."""
        return flash_in(self.request, cookie_name(self.portal, PURPOSE), self.session.secret)

    def page(self, template: str, *, status: int = 200, **content: Any) -> Response:
        """Returns the page with its flash message, which is then deleted."""
        flash = self.flash
        touring = content.get("demonstration") and cookie_name(self.portal, TOURING) in self.request.cookies
        shown = {"session": self.session, "flash": flash, "touring": touring, **content}
        response = page(self.request, template, status=status, **shown)
        if flash:
            delete_flash(response, cookie_name(self.portal, PURPOSE), secure=is_secure(self.portal))
        return response

    def go_to(self, address: str, **told: Any) -> Response:
        """Redirects to a page of the portal, which says once what was done: codes and counts, no personal data."""
        response = go_to(address)
        name, value = cookie_name(self.portal, PURPOSE), seal_flash(self.session.secret, address, told)
        response.set_cookie(
            name, value, max_age=SECONDS, path="/", httponly=True, secure=is_secure(self.portal), samesite="lax"
        )
        return response

    async def mandates(self) -> list[dict[str, Any]]:
        """Returns the person's mandates, as membership has them now."""
        mine: dict[str, list[dict[str, Any]]] = await self.api.get("/v1/me", credentials=self.credentials)
        return mine["mandates"]

    async def must_be_secretariat(self, network_id: str) -> None:
        """Raises NotFound unless the person is the secretariat of the network."""
        held = await self.mandates()
        if not any(m["role"] == "secretariat" and m["scope_id"] == network_id for m in held):
            raise NotFound


def visit_of(request: Request, session: SessionDep) -> Visit:
    return Visit(request, portal_of(request), session)


VisitDep = Annotated[Visit, Depends(visit_of)]
MaybeSessionDep = Annotated[Session | None, Depends(session_of)]


async def signed_form(request: Request, session: SessionDep) -> FormData:
    """Returns the fields of a form of this session. Raises FormRefused for any other."""
    return await _signed(request, session, FIELD_LIMIT + 200)


async def signed_sheet(request: Request, session: SessionDep) -> FormData:
    """Returns the fields of a form of this session with the cells of many rows. Raises FormRefused for any other."""
    return await _signed(request, session, LARGEST_FORM_FIELDS)


async def _signed(request: Request, session: Session, most: int) -> FormData:
    refuse_cross_site(request)
    form = await request.form(max_files=1, max_fields=most)
    if form.get(FORM_TOKEN) != session.form_token:
        raise FormRefused
    return form


SignedFormDep = Annotated[FormData, Depends(signed_form)]
SignedSheetDep = Annotated[FormData, Depends(signed_sheet)]
