"""How far a campaign has come, for pages."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from polity_portal.web.charts import share

CELEBRATED_FOR = timedelta(days=30)
"""A milestone stands above the headline that long after it was reached, once it is announced."""


def next_milestone(campaign: Mapping[str, Any]) -> int | None:
    """The lowest threshold that is not reached; None when all are."""
    open_ones = [m["threshold"] for m in campaign["milestones"] if not m.get("reached_at")]
    return min(open_ones, default=None)


def steps(campaign: Mapping[str, Any], now: datetime) -> list[dict[str, Any]]:
    """The milestones in order: how full its own stretch is (0 to 100), whether it is the next one, and whether the
    day by which it was hoped for is over, in the campaign's zone, before it was reached."""
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
    """The highest of the steps that are announced, while it is news; None otherwise."""
    announced = [step for step in found if step["announced_at"]]
    if announced and now - datetime.fromisoformat(announced[-1]["reached_at"]) < CELEBRATED_FOR:
        return announced[-1]
    return None
