"""A campaign's milestones as pages show them."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from polity_portal.web.charts import share

CELEBRATED_FOR = timedelta(days=30)
"""An announced milestone is celebrated above the headline for so long after it was reached."""


def next_milestone(campaign: Mapping[str, Any]) -> int | None:
    """Returns the lowest threshold that is not reached; None if all are."""
    open_ones = [m["threshold"] for m in campaign["milestones"] if not m.get("reached_at")]
    return min(open_ones, default=None)


def steps(campaign: Mapping[str, Any], now: datetime) -> list[dict[str, Any]]:
    """Returns the milestones by threshold, each with `filled` (0 to 100, from the milestone before), whether it is the
    `next`, and whether it was `missed`: not reached by its due day, in the campaign's zone."""
    zone = ZoneInfo(campaign["reply_by"]["time_zone"])
    done, target = 0, next_milestone(campaign)
    found = []
    for milestone in sorted(campaign["milestones"], key=lambda m: m["threshold"]):
        threshold, reached = milestone["threshold"], milestone.get("reached_at")
        filled = 100.0 if reached else share(campaign["commitments"] - done, threshold - done)
        day = (datetime.fromisoformat(reached) if reached else now).astimezone(zone).date()
        found.append(
            {
                **milestone,
                "announced_at": milestone.get("announced_at"),
                "filled": max(filled, 0.0),
                "next": threshold == target,
                "missed": bool(milestone["due"]) and day > date.fromisoformat(milestone["due"]),
            }
        )
        done = threshold
    return found


def celebrated(found: Sequence[Mapping[str, Any]], now: datetime) -> Mapping[str, Any] | None:
    """Returns the highest announced step while it is celebrated; None otherwise."""
    announced = [step for step in found if step["announced_at"]]
    if announced and now - datetime.fromisoformat(announced[-1]["reached_at"]) < CELEBRATED_FOR:
        return announced[-1]
    return None
