"""The route class of pages: turns errors into pages, and sets the security headers of every answer."""

import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from polity_chassis.authorization.access import PUBLIC, access
from polity_chassis.web.problem_mapping import problem_of
from starlette.convertors import Convertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from polity_portal.client.problems import ApiProblem, ApiUnavailable
from polity_portal.i18n.languages import LANGUAGES
from polity_portal.i18n.wording import PROBLEMS
from polity_portal.web.errors import FormRefused, IdentityUnavailable, NotFound, NotSignedIn, SessionOver, SignInRefused
from polity_portal.web.forms import LARGEST_FORM_FIELDS, is_cross_site
from polity_portal.web.portal import portal_of
from polity_portal.web.rendering import go_to, language_of, page, set_security_headers

logger = logging.getLogger(__name__)
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class LanguageConvertor(Convertor[str]):
    """`{lang:lang}`: one of the languages of the pages."""

    regex = "|".join(LANGUAGES)

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("lang", LanguageConvertor())


def problem_page(
    request: Request,
    slug: str,
    status: int | None = None,
    said: str = "",
    *,
    whom: Mapping[str, Any] | None = None,
    typed: Sequence[tuple[str, str]] = (),
    again: Sequence[tuple[str, str]] = (),
) -> Response:
    """Returns the page of a problem: what happened, what to do, and which network's secretariat to ask (`whom`).

    `whom` also says why a commitment was returned. `said` is the API's title of a refusal. `typed` are the fields of
    a form whose link has ended; `again` are those that the page's button sends again once the API answers.
    """
    words = PROBLEMS[slug]
    advice = said if slug == "refused" and said else language_of(request).say(words.advice)
    response = page(
        request,
        "web/problem.html",
        status=status or words.status,
        words=words,
        slug=slug,
        advice=advice,
        whom=whom,
        typed=typed,
        again=again,
    )
    if response.status_code == 503:
        response.headers["Retry-After"] = "30"
    return response


SLUGS = {
    NotFound: "not_found",
    RequestValidationError: "not_found",
    FormRefused: "form_refused",
    SignInRefused: "sign_in_refused",
}


def _page_of(request: Request, error: Exception) -> Response:
    match error:
        case NotSignedIn() | SessionOver() | ApiProblem(status=401):
            return _sign_in_first(request)
        case ApiProblem(status=status, slug=slug, title=title):
            known = slug if slug in PROBLEMS else "not_found" if status in (403, 404) else "refused"
            return problem_page(request, known, None if known == "not_found" else status, said=title)
        case HTTPException(status_code=status):
            return problem_page(request, "refused", status)
    named = SLUGS.get(type(error))
    return problem_page(request, named) if named else _failed(request, error)


def _failed(request: Request, error: Exception) -> Response:
    """Logs an error that no page handles, and returns the page for it."""
    logger.error("page failed", exc_info=error)
    return problem_page(request, "failed")


async def _fields_to_send_again(request: Request) -> list[tuple[str, str]]:
    """Returns the fields of a form of our own that could not be served; none if a file was among them."""
    if request.method != "POST" or is_cross_site(request):
        return []
    form = await request.form(max_files=1, max_fields=LARGEST_FORM_FIELDS)
    fields = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
    return fields if len(fields) == len(form.multi_items()) else []


def _sign_in_first(request: Request) -> Response:
    office = f"/{language_of(request).code}/office"
    back = request.url.path if request.method == "GET" else office
    return go_to(f"/{language_of(request).code}/sign-in?{urlencode({'next': back})}")


class PageRoute(APIRoute):
    """Turns errors into pages. An address whose parameters are invalid is not found."""

    def get_route_handler(self) -> Handler:
        inner = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                response = await inner(request)
            except ClientDisconnect:
                raise
            except Exception as error:
                response = await self.explain(request, error)
            settings = portal_of(request).settings
            set_security_headers(response, settings.issuer, settings.public_url)
            return response

        return handle

    async def explain(self, request: Request, error: Exception) -> Response:
        """Returns the page of the error."""
        if isinstance(error, (ApiUnavailable, IdentityUnavailable)) or problem_of(error):
            return problem_page(request, "unavailable", again=await _fields_to_send_again(request))
        return _page_of(request, error)


def page_router(route_class: type[PageRoute] = PageRoute) -> APIRouter:
    """Returns a router of pages. Their access rule is PUBLIC; those behind a session depend on it themselves."""
    return APIRouter(route_class=route_class, include_in_schema=False, default_response_class=Response)


OPEN: dict[str, Any] = access(PUBLIC)
"""The access rule of pages: what a person may see is decided by the API, with that person's token."""
