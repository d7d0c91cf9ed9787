"""Previews of a wave's message to one local government, written by notifications, which owns the text."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from polity_portal.auth.dependencies import Visit
from polity_portal.client.problems import ApiProblem, ApiUnavailable

LISTED = 200
"""So many names of a wave are shown, and can be chosen for a preview."""
PATH = "/v1/deliveries/preview"


@dataclass(frozen=True)
class MailPreview:
    """The message to one local government; `message` is None if it can't be shown."""

    local_government_id: str
    message: Mapping[str, Any] | None


async def preview_of(
    visit: Visit, campaign: Mapping[str, Any], names: Mapping[str, str], wanted_id: str, reply_by: Mapping[str, str]
) -> MailPreview:
    """Returns the message to `wanted_id` if it is in `names` (by id), else to the first."""
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
        # The wave can be sent without a preview: notifications may be down, or not have seen a new campaign yet.
        return MailPreview(local_government_id, None)


async def _register_row(visit: Visit, network_id: str, local_government_id: str, name: str) -> dict[str, Any] | None:
    """Returns the local government's row of the register; None if it isn't among the first LISTED of its name."""
    path = f"/v1/networks/{network_id}/local-governments"
    rows = await visit.api.every(path, credentials=visit.credentials, limit=LISTED, q=name)
    return next((row for row in rows if row["local_government_id"] == local_government_id), None)
