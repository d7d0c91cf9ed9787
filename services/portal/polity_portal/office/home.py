"""The office's first page: the person's networks, and the state of their campaigns."""

import asyncio
from typing import Any

from fastapi import Response

from polity_portal.auth.dependencies import Visit, VisitDep
from polity_portal.demo.tour_steps import remember_tour, tours_of
from polity_portal.office.campaign_summary import campaign_summary
from polity_portal.web.page_routes import OPEN, page_router

router = page_router()

AT_LENGTH = 3
"""The newest campaigns of a network are shown in full, up to so many; the others as links."""


@router.get("/{lang:lang}/office", **OPEN)
async def home(visit: VisitDep) -> Response:
    held = await visit.mandates()
    networks = await asyncio.gather(*(_network(visit, m["scope_id"]) for m in held if m["role"] == "secretariat"))
    tours = await tours_of(visit, networks)
    shown = visit.page(
        "office/home.html",
        networks=networks,
        tours=tours,
        operator=any(m["role"] == "operator" for m in held),
        demonstration=any(n["demonstration"] for n in networks),
    )
    remember_tour(visit, shown, tours)
    return shown


async def _network(visit: Visit, network_id: str) -> dict[str, Any]:
    """Returns a network with its campaigns, the newest first."""
    network, listed = await asyncio.gather(
        visit.api.get(f"/v1/networks/{network_id}"), visit.api.get("/v1/campaigns", network_id=network_id)
    )
    newest_first = sorted(listed["items"], key=lambda campaign: campaign["campaign_id"], reverse=True)
    summaries = await asyncio.gather(*(campaign_summary(visit, campaign) for campaign in newest_first[:AT_LENGTH]))
    return {**network, "campaigns": summaries, "others": newest_first[AT_LENGTH:]}
