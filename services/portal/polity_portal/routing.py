"""A page's route: what goes wrong below it becomes a page in people's words, and every answer is protected."""

from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from polity_chassis.access import PUBLIC, access
from starlette.convertors import Convertor, register_url_convertor

from polity_portal.api import ApiProblem, ApiUnavailable
from polity_portal.identity import IdentityUnavailable, SignInRefused
from polity_portal.languages import LANGUAGES
from polity_portal.portal import portal_of
from polity_portal.rendering import go_to, language_of, page, protect
from polity_portal.wording import PROBLEMS

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class NotFound(Exception):
    """There is no such page, or not for this person."""


class NotSignedIn(Exception):
    """The page needs a session."""


class FormRefused(Exception):
    """The form did not come from our own page of this session."""


class LanguageConvertor(Convertor[str]):
    """`{lang:lang}`: one of the languages of the pages."""

    regex = "|".join(LANGUAGES)

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("lang", LanguageConvertor())


def problem_page(request: Request, slug: str, status: int | None = None, said: str = "") -> Response:
    """The plain page of a problem: what happened and what to do, or what the API `said` of it, and nothing else."""
    words = PROBLEMS[slug]
    response = page(request, "problem.html", status=status or words.status, words=words, slug=slug, said=said)
    if response.status_code == 503:
        response.headers["Retry-After"] = "30"
    return response


def _answer(request: Request, error: Exception) -> Response:
    match error:
        case NotSignedIn() | ApiProblem(status=401):
            return _sign_in_first(request)
        case FormRefused():
            return problem_page(request, "form_refused")
        case SignInRefused():
            return problem_page(request, "sign_in_refused")
        case ApiUnavailable() | IdentityUnavailable():
            return problem_page(request, "unavailable")
        case ApiProblem(status=status, slug=slug) if slug in PROBLEMS:
            return problem_page(request, slug, status)
        case ApiProblem(status=status, title=title) if status not in (403, 404):
            return problem_page(request, "refused", status, title)
        case _:
            return problem_page(request, "not_found")


def _sign_in_first(request: Request) -> Response:
    office = f"/{language_of(request).code}/office"
    back = request.url.path if request.method == "GET" else office
    return go_to(f"/{language_of(request).code}/sign-in?{urlencode({'next': back})}")


class PageRoute(APIRoute):
    """Turns the portal's named errors into pages. Addresses that do not parse are pages that do not exist."""

    def get_route_handler(self) -> Handler:
        inner = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                response = await inner(request)
            except (NotFound, NotSignedIn, FormRefused, SignInRefused, IdentityUnavailable, ApiProblem, ApiUnavailable,
                    RequestValidationError) as error:  # fmt: skip
                response = _answer(request, error)
            settings = portal_of(request).settings
            protect(response, settings.issuer, settings.public_url)
            return response

        return handle


def pages() -> APIRouter:
    """A router of pages. They are open to the API's access rules; those behind a session ask for it themselves."""
    return APIRouter(route_class=PageRoute, include_in_schema=False, default_response_class=Response)


OPEN: dict[str, Any] = access(PUBLIC)
"""Pages carry no API data of their own: what a person may see is decided by the API with that person's token."""
