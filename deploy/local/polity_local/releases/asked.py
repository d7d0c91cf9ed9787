"""What the API answers about a story: asked when it is frozen, and again by the release that has taken it over."""

from collections.abc import Mapping
from typing import Any

import httpx

from polity_local.demo.client import checked
from polity_local.running.platform import Platform

PUBLIC = (
    "/v1/campaigns",
    "/v1/campaigns/{campaign}",
    "/v1/campaigns/{confirming_campaign}",
    "/v1/progress/{campaign}",
    "/v1/progress/{confirming_campaign}",
    "/v1/progress/{campaign}/commitments?limit=200",
)
SECRETARIAT = (
    "/v1/me",
    "/v1/networks/{network}",
    "/v1/networks/{network}/local-governments?limit=200",
    "/v1/campaigns/{campaign}/invitations?limit=200",
    "/v1/campaigns/{confirming_campaign}/invitations?limit=200",
    "/v1/campaigns/{campaign}/desk",
    "/v1/deliveries?limit=200&campaign_id={campaign}",
)
PARTNER = ("/v1/webhooks", "/v1/webhooks/{webhook}/deliveries?limit=200", "/v1/webhooks/{paused_webhook}")
OPERATIONS = ("/v1/operations/reporting/parked", "/v1/operations/notifications/parked")


async def ask(
    platform: Platform, http: httpx.AsyncClient, ids: Mapping[str, str], links: Mapping[str, str]
) -> dict[str, Any]:
    """Returns each answer by who asked and what; raises Refused for one that is refused."""
    callers = {
        "public": (PUBLIC, {}),
        "secretariat": (SECRETARIAT, {"Authorization": f"Bearer {platform.token('secretariat')}"}),
        "operations": (OPERATIONS, {"Authorization": f"Bearer {platform.token('operations')}"}),
        "partner": (PARTNER, {"Authorization": f"Bearer {platform.partner_token()}"}),
    }
    found = {}
    for who, (paths, headers) in callers.items():
        for path in paths:
            found[f"{who} {path}"] = checked(await http.get(path.format(**ids), headers=headers))
    for name, token in links.items():
        answer = await http.get("/v1/answer", headers={"Authorization": f"Link {token}"})
        found[f"link {name}"] = {"status_code": answer.status_code, **answer.json()}
    return found
