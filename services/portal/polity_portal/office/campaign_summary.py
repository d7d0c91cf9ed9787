"""What the office's first page shows of one campaign, and the tasks that wait there."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from polity_portal.auth.dependencies import Visit
from polity_portal.client.problems import ApiProblem, ApiUnavailable
from polity_portal.web.charts import share
from polity_portal.web.milestones import next_milestone

SOON = timedelta(days=7)
"""Before a deadline a reminder is proposed for so long."""
SEGMENTS = ("interested", "submitted", "committed")
"""The parts of a wave's bar, each drawn over the one before."""


async def campaign_summary(visit: Visit, campaign: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the campaign with membership's figures (`desk`), mails by status, bars of `waves`, tasks (`to_do`)."""
    path = f"/v1/campaigns/{campaign['campaign_id']}/desk"
    figures, mails = await asyncio.gather(
        visit.api.get(path, credentials=visit.credentials), _mails(visit, campaign["campaign_id"])
    )
    return {
        **campaign,
        "desk": figures,
        "mails": mails,
        "waves": [{**wave, "bar": bar(wave)} for wave in figures["waves"]],
        "totals": {name: sum(wave[name] for wave in figures["waves"]) for name in ("invited", "unanswered")},
        "goal": goal(campaign),
        "to_do": to_do(campaign, figures, mails, visit.portal.clock()),
    }


async def _mails(visit: Visit, campaign_id: str) -> dict[str, int] | None:
    """Returns the number of mails by status; None if notifications does not answer, or has not seen the mandate yet."""
    try:
        found = await visit.api.get("/v1/deliveries", credentials=visit.credentials, campaign_id=campaign_id, limit=1)
    except (ApiUnavailable, ApiProblem):
        return None
    counts: dict[str, int] = found["counts"]
    return counts


def goal(campaign: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Returns the next milestone; None if all are reached."""
    threshold = next_milestone(campaign)
    return next((m for m in campaign["milestones"] if m["threshold"] == threshold), None)


def bar(wave: Mapping[str, Any]) -> list[tuple[str, float]]:
    """Returns the segments of the wave's bar, the longest first: name, and length as a percentage of those invited."""
    reached = wave["committed"] + wave["submitted"] + wave["interested"]
    lengths = []
    for name in SEGMENTS:
        lengths.append((name, share(reached, wave["invited"])))
        reached -= wave[name]
    return lengths


def to_do(
    campaign: Mapping[str, Any], figures: Mapping[str, Any], mails: Mapping[str, int] | None, now: datetime
) -> list[tuple[str, int]]:
    """Returns the secretariat's tasks, the most urgent first: the kind, and the number that its sentence shows."""
    found = [("announce", m["threshold"]) for m in campaign["milestones"] if _unannounced(m)]
    found.append(("confirm", figures["to_confirm"]))
    found.append(("addresses", mails["failed"] if mails else 0))
    found.append(("letters", len(figures["letters"])))
    unanswered = sum(wave["unanswered"] + wave["interested"] for wave in figures["waves"])
    if figures["next_deadline"] and datetime.fromisoformat(figures["next_deadline"]["at"]) - now < SOON:
        found.append(("remind", unanswered))
    if not figures["waves"]:
        found.append(("invite", 1))
    return [(kind, count) for kind, count in found if count]


def _unannounced(milestone: Mapping[str, Any]) -> bool:
    return bool(milestone.get("reached_at")) and not milestone.get("announced_at")
