"""The secretariat's office: its networks and their campaigns."""

import asyncio
from typing import Any

from fastapi import Response

from polity_portal.api import Api
from polity_portal.routing import OPEN, pages
from polity_portal.signed_in import VisitDep

router = pages()


@router.get("/{lang:lang}/office", **OPEN)
async def home(visit: VisitDep, done: str = "") -> Response:
    held = await visit.mandates()
    desks = (_desk(visit.api, m["scope_id"]) for m in held if m["role"] == "secretariat")
    networks = await asyncio.gather(*desks)
    return visit.page(
        "office.html",
        networks=networks,
        operator=any(m["role"] == "operator" for m in held),
        done=done if done == "accepted" else "",
        demonstration=any(n["demonstration"] for n in networks),
    )


async def _desk(api: Api, network_id: str) -> dict[str, Any]:
    """A network with its campaigns, as the owner knows them now."""
    network, campaigns = await asyncio.gather(
        api.get(f"/v1/networks/{network_id}"), api.get("/v1/campaigns", network_id=network_id)
    )
    return {**network, "campaigns": campaigns["items"]}
