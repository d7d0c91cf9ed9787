"""Public pages of a network and of a campaign with its progress."""

import asyncio
from uuid import UUID

from fastapi import Request, Response

from polity_portal.public.campaign_progress import CampaignQueryDep, campaign_page_content
from polity_portal.web.milestones import steps
from polity_portal.web.page_routes import OPEN, page_router
from polity_portal.web.portal import PortalDep
from polity_portal.web.rendering import PUBLIC_CACHE, page

router = page_router()


@router.api_route("/{lang:lang}/networks/{network_id}", methods=["GET", "HEAD"], **OPEN)
async def network(network_id: UUID, request: Request, portal: PortalDep) -> Response:
    found, campaigns = await asyncio.gather(
        portal.api.get(f"/v1/networks/{network_id}"), portal.api.get("/v1/campaigns", network_id=str(network_id))
    )
    return page(
        request,
        "public/network.html",
        cache=PUBLIC_CACHE,
        index=True,
        network=found,
        presidents=[m for m in found["members"] if m["office"] == "co_president"],
        members=[m for m in found["members"] if m["office"] != "co_president"],
        campaigns=[{**c, "network": found, "steps": steps(c, portal.clock())} for c in campaigns["items"]],
        demonstration=found["demonstration"],
    )


@router.api_route("/{lang:lang}/campaigns/{campaign_id}", methods=["GET", "HEAD"], **OPEN)
async def campaign(campaign_id: UUID, request: Request, portal: PortalDep, query: CampaignQueryDep) -> Response:
    content = await campaign_page_content(portal, campaign_id, query)
    return page(request, "public/campaign.html", cache=PUBLIC_CACHE, index=not request.url.query, **content)
