"""The home page, and the redirect to it in the visitor's language."""

import asyncio
from typing import Any

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from polity_portal.i18n.languages import preferred
from polity_portal.public.campaign_progress import page_content, read_progress
from polity_portal.web.milestones import steps
from polity_portal.web.page_routes import OPEN, page_router
from polity_portal.web.portal import PortalDep
from polity_portal.web.rendering import PUBLIC_CACHE, page

router = page_router()


@router.api_route("/", methods=["GET", "HEAD"], **OPEN)
async def choose_language(request: Request) -> Response:
    """Redirects to the home page in the language that the browser prefers."""
    language = preferred(request.headers.get("accept-language", ""))
    return RedirectResponse(f"/{language.code}/", 302, {"Vary": "Accept-Language", "Cache-Control": "no-store"})


@router.api_route("/{lang:lang}", methods=["GET", "HEAD"], **OPEN)
async def with_slash(lang: str) -> Response:
    return RedirectResponse(f"/{lang}/", 308)


@router.api_route("/{lang:lang}/", methods=["GET", "HEAD"], **OPEN)
async def home(request: Request, portal: PortalDep) -> Response:
    networks, campaigns = await asyncio.gather(portal.api.get("/v1/networks"), portal.api.get("/v1/campaigns"))
    by_network = {n["network_id"]: n for n in networks["items"]}
    demonstration = any(n["demonstration"] for n in networks["items"])
    content: dict[str, Any] = {"networks": networks["items"]}
    known = [c for c in campaigns["items"] if c["network_id"] in by_network]
    if len(known) == 1:
        # A platform with one campaign shows it on the home page.
        found = await read_progress(portal, known[0]["campaign_id"])
        content |= page_content(portal, known[0], by_network[known[0]["network_id"]], found)
    else:
        now = portal.clock()
        content["campaigns"] = [{**c, "network": by_network[c["network_id"]], "steps": steps(c, now)} for c in known]
    template = "public/home_campaign.html" if len(known) == 1 else "public/home.html"
    return page(request, template, cache=PUBLIC_CACHE, index=True, **{**content, "demonstration": demonstration})
