"""The public home, and the way to it in the visitor's language."""

import asyncio

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from polity_portal.languages import preferred
from polity_portal.portal import PortalDep
from polity_portal.rendering import PUBLIC_CACHE, page
from polity_portal.routing import OPEN, pages

router = pages()


@router.api_route("/", methods=["GET", "HEAD"], **OPEN)
async def choose_language(request: Request) -> Response:
    """Sends the visitor to the home in the language that the browser prefers."""
    language = preferred(request.headers.get("accept-language", ""))
    return RedirectResponse(f"/{language.code}/", 302, {"Vary": "Accept-Language", "Cache-Control": "no-store"})


@router.api_route("/{lang:lang}", methods=["GET", "HEAD"], **OPEN)
async def with_slash(lang: str) -> Response:
    return RedirectResponse(f"/{lang}/", 308)


@router.api_route("/{lang:lang}/", methods=["GET", "HEAD"], **OPEN)
async def home(request: Request, portal: PortalDep) -> Response:
    networks, campaigns = await asyncio.gather(portal.api.get("/v1/networks"), portal.api.get("/v1/campaigns"))
    by_network = {n["network_id"]: n for n in networks["items"]}
    shown = [c for c in campaigns["items"] if c["network_id"] in by_network]
    return page(
        request,
        "home.html",
        cache=PUBLIC_CACHE,
        index=True,
        networks=networks["items"],
        campaigns=[{**c, "network": by_network[c["network_id"]]} for c in shown],
        demonstration=any(n["demonstration"] for n in networks["items"]),
    )


@router.api_route("/{lang:lang}/about-the-demonstration", methods=["GET", "HEAD"], **OPEN)
async def about_the_demonstration(request: Request) -> Response:
    return page(request, "about_demonstration.html", cache=PUBLIC_CACHE)
