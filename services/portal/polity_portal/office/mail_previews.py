"""How a wave's message will read to one of those it goes to: notifications, which owns the words, writes it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from polity_portal.auth.dependencies import Visit
from polity_portal.client.problems import ApiProblem, ApiUnavailable

LISTED = 200
"""So many of a wave's names are shown, and can be chosen for a preview."""
PATH = "/v1/deliveries/preview"


@dataclass(frozen=True)
class MailPreview:
    """The message to one place; `message` is None while it can't be shown."""

    local_government_id: str
    message: Mapping[str, Any] | None


async def preview_of(
    visit: Visit, campaign: Mapping[str, Any], names: Mapping[str, str], wanted_id: str, reply_by: Mapping[str, str]
) -> MailPreview:
    """The message to the `wished` of the places (names by id), or to the first. What is asked travels in a body."""
    local_government_id = wanted_id if wanted_id in names else next(iter(names))
    try:
        row = await _register_row(visit, campaign["network_id"], local_government_id, names[local_government_id])
        if row is None:
            return MailPreview(local_government_id, None)
        asked = {
            "local_government": row["name"],
            "time_zone": row["time_zone"],
            "language": row["contact_language"] or campaign["network"]["fallback_language"],
            "reply_by": reply_by["at"],
        }
        path = f"{PATH}?campaign_id={campaign['campaign_id']}"
        return MailPreview(local_government_id, await visit.api.post(path, asked, credentials=visit.credentials))
    except (ApiProblem, ApiUnavailable):
        # The wave can be sent without: notifications may be away, or not know a new campaign yet.
        return MailPreview(local_government_id, None)


async def _register_row(visit: Visit, network_id: str, local_government_id: str, name: str) -> dict[str, Any] | None:
    """The place in the register, found by its name."""
    path = f"/v1/networks/{network_id}/local-governments"
    rows = await visit.api.every(path, credentials=visit.credentials, limit=LISTED, q=name)
    return next((row for row in rows if row["local_government_id"] == local_government_id), None)
