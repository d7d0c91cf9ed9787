"""Public pages of a network and of a campaign with its progress."""

import asyncio
from uuid import UUID

from fastapi import Request, Response

from polity_portal.api import ApiProblem, ApiUnavailable
from polity_portal.figures import steps
from polity_portal.portal import Portal, PortalDep
from polity_portal.rendering import PUBLIC_CACHE, page
from polity_portal.routing import OPEN, pages

router = pages()


@router.api_route("/{lang:lang}/networks/{network_id}", methods=["GET", "HEAD"], **OPEN)
async def network(network_id: UUID, request: Request, portal: PortalDep) -> Response:
    found, campaigns = await asyncio.gather(
        portal.api.get(f"/v1/networks/{network_id}"), portal.api.get("/v1/campaigns", network_id=str(network_id))
    )
    return page(
        request,
        "network.html",
        cache=PUBLIC_CACHE,
        index=True,
        network=found,
        presidents=[m for m in found["members"] if m["office"] == "co_president"],
        members=[m for m in found["members"] if m["office"] != "co_president"],
        campaigns=[{**c, "network": found} for c in campaigns["items"]],
        demonstration=found["demonstration"],
    )


@router.api_route("/{lang:lang}/campaigns/{campaign_id}", methods=["GET", "HEAD"], **OPEN)
async def campaign(campaign_id: UUID, request: Request, portal: PortalDep) -> Response:
    found, progress = await asyncio.gather(
        portal.api.get(f"/v1/campaigns/{campaign_id}"), progress_of(portal, campaign_id)
    )
    network = await portal.api.get(f"/v1/networks/{found['network_id']}")
    return page(
        request,
        "campaign.html",
        cache=PUBLIC_CACHE,
        index=True,
        campaign=found,
        network=network,
        progress=progress,
        steps=steps(found, found["commitments"]),
        demonstration=found["demonstration"],
    )


async def progress_of(portal: Portal, campaign_id: UUID) -> dict[str, object] | None:
    """The campaign's figures; None while reporting does not know it yet or does not answer."""
    try:
        figures: dict[str, object] = await portal.api.get(f"/v1/progress/{campaign_id}")
    except (ApiProblem, ApiUnavailable):
        return None
    return figures
