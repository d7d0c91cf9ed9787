"""How far a campaign has come, for pages."""

from collections.abc import Mapping
from typing import Any

from polity_portal.charts import share


def next_milestone(campaign: Mapping[str, Any]) -> int | None:
    """The lowest threshold that is not reached; None when all are."""
    open_ones = [m["threshold"] for m in campaign["milestones"] if not m.get("reached_at")]
    return min(open_ones, default=None)


def steps(campaign: Mapping[str, Any], commitments: int) -> list[dict[str, Any]]:
    """The milestones in order, each with how full its own stretch is (0 to 100) and whether it is the next one."""
    done, target = 0, next_milestone(campaign)
    found = []
    for milestone in sorted(campaign["milestones"], key=lambda m: m["threshold"]):
        threshold = milestone["threshold"]
        filled = 100.0 if milestone.get("reached_at") else share(commitments - done, threshold - done)
        found.append({**milestone, "filled": max(filled, 0.0), "next": threshold == target})
        done = threshold
    return found
