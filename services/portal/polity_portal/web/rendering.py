"""Renders templates by language, and sets the headers of pages."""

import gzip
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fastapi import Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.status import HTTP_303_SEE_OTHER

from polity_portal.i18n.languages import LANGUAGES, Language, preferred
from polity_portal.web import assets, template_globals
from polity_portal.web.portal import portal_of

ASSETS = assets.load()
PUBLIC_CACHE = "public, max-age=15"
"""The text about announced milestones in the office says these seconds too."""
GZIP_LEVEL = 5
"""From 1 to 9; a higher level takes longer and saves little."""


def build_environment() -> Environment:
    """Returns the environment without a language."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parents[1] / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.policies["ext.i18n.trimmed"] = True
    environment.globals.update(template_globals.SHARED, asset=lambda name: ASSETS[name].address)
    return environment


@cache
def environment(code: str) -> Environment:
    """Returns the environment of one language."""
    language = LANGUAGES[code]
    spoken = build_environment()
    spoken.install_gettext_translations(language.translations, newstyle=True)  # type: ignore[attr-defined]
    spoken.filters["isolated"] = language.isolated
    spoken.globals.update(language=language, languages=LANGUAGES, **template_globals.for_language(language))
    return spoken


def language_of(request: Request) -> Language:
    """Returns the language of the address, else the one that the browser prefers."""
    first = request.url.path.split("/")[1]
    return LANGUAGES.get(first) or preferred(request.headers.get("accept-language", ""))


def page(
    request: Request, template: str, *, status: int = 200, cache: str = "no-store", **content: Any
) -> HTMLResponse:
    """Renders the template in the page's language. `cache` is its Cache-Control."""
    language = language_of(request)
    settings = portal_of(request).settings
    shown = {
        "request_path": request.url.path,
        "query": request.url.query,
        "demo": settings.demo or content.pop("demonstration", False),
        "session": None,
        "index": False,
        **content,
    }
    body = environment(language.code).get_template(template).render(shown)
    response = HTMLResponse(body, status)
    if cache == PUBLIC_CACHE:
        # Only pages that are the same for everyone: the length of compressed text reveals secrets within it (BREACH).
        compress(request, response, gzip.compress(response.body, GZIP_LEVEL, mtime=0))
    response.headers["Content-Language"] = language.code
    response.headers["Cache-Control"] = cache
    if not shown["index"]:
        response.headers["X-Robots-Tag"] = "noindex"
    return response


def compress(request: Request, response: Response, gzipped: bytes) -> None:
    """Replaces the response's content by the `gzipped` one if the browser accepts it."""
    response.headers["Vary"] = "Accept-Encoding"
    if "gzip" in request.headers.get("accept-encoding", ""):
        response.body = gzipped
        response.headers["Content-Encoding"] = "gzip"
        response.headers["Content-Length"] = str(len(gzipped))


def go_to(address: str) -> RedirectResponse:
    """Returns 303 See Other, the answer to a POST that succeeded."""
    return RedirectResponse(address, HTTP_303_SEE_OTHER, {"Cache-Control": "no-store"})


def set_security_headers(response: Response, issuer: str, public_url: str) -> None:
    """Sets the security headers of a page. Forms may go to the portal, and to the realm if that is another origin."""
    realm, here = urlsplit(issuer), urlsplit(public_url)
    elsewhere = f" {realm.scheme}://{realm.netloc}" if realm.netloc != here.netloc else ""
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
        f"form-action 'self'{elsewhere}; frame-ancestors 'none'; base-uri 'none'"
    )
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    response.headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()"
