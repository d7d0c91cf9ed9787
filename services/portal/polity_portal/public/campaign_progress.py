"""What the public pages show of one campaign: asked of the API in as few turns as its answers allow."""

import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Depends, Query

from polity_portal.client.api import ApiProblem, ApiUnavailable
from polity_portal.i18n.territories import REGIONS
from polity_portal.public.world_map import world_map
from polity_portal.web.milestones import celebrated, steps
from polity_portal.web.portal import Portal

ROWS = 6
"""Pledges beside the map."""
ORDERS = ("newest", "name")
FIRST_DAY = date(2000, 1, 1)

Found = dict[str, Any]


@dataclass(frozen=True)
class Asked:
    """What a visitor asks of the list; what makes no sense was left out."""

    q: str = ""
    region: str = ""
    order: str = "newest"
    cursor: str = ""
    day: date | None = None
    """The list and the figures as they stood at the end of it, in the campaign's zone."""

    @property
    def filters(self) -> dict[str, str]:
        """The same as parameters of the address, without the page of the list."""
        found = {"q": self.q, "region": self.region, "as_of": self.day.isoformat() if self.day else ""}
        if self.order != ORDERS[0]:
            found["order"] = self.order
        return {name: value for name, value in found.items() if value}


NOTHING = Asked()


def asked(
    *,
    q: Annotated[str, Query()] = "",
    region: Annotated[str, Query()] = "",
    order: Annotated[str, Query()] = "",
    cursor: Annotated[str, Query()] = "",
    as_of: Annotated[str, Query()] = "",
) -> Asked:
    """Returns what the address asks for: a mistyped address still shows the page."""
    return Asked(
        q=q.replace("\0", "").strip()[:200],
        region=region if region in REGIONS else "",
        order=order if order in ORDERS else ORDERS[0],
        cursor=cursor[:1000],
        day=_day(as_of),
    )


AskedDep = Annotated[Asked, Depends(asked)]


def _day(written: str) -> date | None:
    try:
        day = date.fromisoformat(written)
    except ValueError:
        return None
    return day if day >= FIRST_DAY else None


@dataclass(frozen=True)
class Figures:
    """What reporting says, of now or of a moment; None for what isn't there yet."""

    progress: Found | None
    pledges: Found | None
    """One page of who has pledged."""
    places: Found | None
    """All of them, as GeoJSON."""
    moment: datetime | None = None


async def overview(portal: Portal, campaign_id: UUID, wanted: Asked) -> Found:
    """What the page of a campaign shows; raises ApiProblem when there is no such campaign."""
    if wanted.day:
        # The day ends with the campaign's zone.
        campaign, network = await _campaign(portal, campaign_id)
        moment = end_of(wanted.day, campaign["reply_by"]["time_zone"], portal.clock())
        return shown(portal, campaign, network, await figures(portal, campaign_id, wanted, moment), wanted)
    (campaign, network), now = await asyncio.gather(
        _campaign(portal, campaign_id), figures(portal, campaign_id, wanted)
    )
    return shown(portal, campaign, network, now, wanted)


async def figures(
    portal: Portal, campaign_id: UUID | str, wanted: Asked = NOTHING, moment: datetime | None = None
) -> Figures:
    """The campaign's progress, one page of its pledges and all of them on the map, asked for at once."""
    path, as_of = f"/v1/progress/{campaign_id}", moment.isoformat() if moment else None
    listed = {"q": wanted.q, "region": wanted.region, "order": wanted.order, "cursor": wanted.cursor}
    progress, pledges, places = await asyncio.gather(
        if_there(portal.api.get(path, as_of=as_of)),
        if_there(portal.api.get(f"{path}/commitments", as_of=as_of, limit=ROWS, **listed)),
        if_there(portal.api.get(f"{path}/commitments.geojson", as_of=as_of)),
    )
    return Figures(progress, pledges, places, moment)


def shown(portal: Portal, campaign: Found, network: Found, found: Figures, wanted: Asked = NOTHING) -> Found:
    """The content of the page's template."""
    progress, pledges = found.progress, found.pledges
    if found.moment and progress:
        then = {"commitments": progress["totals"]["committed"], "milestones": progress["milestones"]}
        campaign = {**campaign, **then}
    marked = {row["local_government_id"] for row in pledges["items"]} if pledges and wanted.q else set()
    now = portal.clock()
    reached = steps(campaign, found.moment or now)
    return {
        "campaign": campaign,
        "network": network,
        "progress": progress,
        "pledges": pledges,
        "map": world_map(found.places["features"], wanted.region, marked) if found.places else None,
        "steps": reached,
        "celebrated": celebrated(reached, found.moment or now),
        "asked": wanted,
        "moment": found.moment,
        "today": now.astimezone(ZoneInfo(campaign["reply_by"]["time_zone"])).date(),
        "demonstration": campaign["demonstration"],
    }


def end_of(day: date, zone: str, now: datetime) -> datetime | None:
    """The last moment of the day in the IANA zone, in UTC; None when it isn't over."""
    if day >= now.astimezone(ZoneInfo(zone)).date():
        return None
    end = datetime.combine(day + timedelta(days=1), time(), ZoneInfo(zone)).astimezone(UTC)
    return end - timedelta(microseconds=1)


async def _campaign(portal: Portal, campaign_id: UUID | str) -> tuple[Found, Found]:
    campaign = await portal.api.get(f"/v1/campaigns/{campaign_id}")
    return campaign, await portal.api.get(f"/v1/networks/{campaign['network_id']}")


async def if_there(answer: Awaitable[Mapping[str, Any]]) -> Found | None:
    """What reporting says; None while it does not know the campaign, or who may see it, or does not answer."""
    try:
        return dict(await answer)
    except (ApiProblem, ApiUnavailable):
        return None
