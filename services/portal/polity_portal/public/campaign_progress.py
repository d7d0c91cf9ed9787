"""The content of a campaign's public page: the campaign, its progress, the list and the map of commitments."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Depends, Query

from polity_portal.client.problems import none_if_unavailable
from polity_portal.i18n.territories import REGIONS
from polity_portal.public.world_map import world_map
from polity_portal.web.milestones import celebrated, steps
from polity_portal.web.portal import Portal

ROWS = 6
"""Pledges beside the map."""
ORDERS = ("newest", "name")
FIRST_DAY = date(2000, 1, 1)

Json = dict[str, Any]


@dataclass(frozen=True)
class CampaignQuery:
    """The query parameters of a campaign's page; invalid ones are ignored."""

    q: str = ""
    region: str = ""
    order: str = "newest"
    cursor: str = ""
    day: date | None = None
    """Show the list and the figures as of the end of this day, in the campaign's zone."""

    @property
    def filters(self) -> dict[str, str]:
        """The parameters of the address, without the cursor."""
        answers = {"q": self.q, "region": self.region, "as_of": self.day.isoformat() if self.day else ""}
        if self.order != ORDERS[0]:
            answers["order"] = self.order
        return {name: value for name, value in answers.items() if value}


NO_FILTER = CampaignQuery()


def campaign_query(
    *,
    q: Annotated[str, Query()] = "",
    region: Annotated[str, Query()] = "",
    order: Annotated[str, Query()] = "",
    cursor: Annotated[str, Query()] = "",
    as_of: Annotated[str, Query()] = "",
) -> CampaignQuery:
    """Returns the query. Invalid parameters are ignored, so that a mistyped address still shows the page."""
    return CampaignQuery(
        q=q.replace("\0", "").strip()[:200],
        region=region if region in REGIONS else "",
        order=order if order in ORDERS else ORDERS[0],
        cursor=cursor[:1000],
        day=_day(as_of),
    )


CampaignQueryDep = Annotated[CampaignQuery, Depends(campaign_query)]


def _day(written: str) -> date | None:
    try:
        day = date.fromisoformat(written)
    except ValueError:
        return None
    return day if day >= FIRST_DAY else None


@dataclass(frozen=True)
class Progress:
    """Reporting's answers, as of now or of a moment; None for what reporting does not have yet."""

    progress: Json | None
    commitments: Json | None
    """One page of the commitments."""
    features: Json | None
    """All commitments, as GeoJSON."""
    moment: datetime | None = None


async def campaign_page_content(portal: Portal, campaign_id: UUID, query: CampaignQuery) -> Json:
    """Returns the content of a campaign's page. Raises ApiProblem if there is no such campaign."""
    if query.day:
        # The end of the day depends on the campaign's zone, so the campaign is read first.
        campaign, network = await _campaign(portal, campaign_id)
        moment = last_moment(query.day, campaign["reply_by"]["time_zone"], portal.clock())
        return page_content(portal, campaign, network, await read_progress(portal, campaign_id, query, moment), query)
    (campaign, network), now = await asyncio.gather(
        _campaign(portal, campaign_id), read_progress(portal, campaign_id, query)
    )
    return page_content(portal, campaign, network, now, query)


async def read_progress(
    portal: Portal, campaign_id: UUID | str, query: CampaignQuery = NO_FILTER, moment: datetime | None = None
) -> Progress:
    """Reads the campaign's progress, one page of its commitments and all of them for the map, at the same time."""
    path, as_of = f"/v1/progress/{campaign_id}", moment.isoformat() if moment else None
    listed = {"q": query.q, "region": query.region, "order": query.order, "cursor": query.cursor}
    progress, commitments, features = await asyncio.gather(
        none_if_unavailable(portal.api.get(path, as_of=as_of)),
        none_if_unavailable(portal.api.get(f"{path}/commitments", as_of=as_of, limit=ROWS, **listed)),
        none_if_unavailable(portal.api.get(f"{path}/commitments.geojson", as_of=as_of)),
    )
    return Progress(progress, commitments, features, moment)


def page_content(
    portal: Portal, campaign: Json, network: Json, answers: Progress, query: CampaignQuery = NO_FILTER
) -> Json:
    """Returns the content of the page's template."""
    progress, commitments = answers.progress, answers.commitments
    if answers.moment and progress:
        then = {"commitments": progress["totals"]["committed"], "milestones": progress["milestones"]}
        campaign = {**campaign, **then}
    marked = {row["local_government_id"] for row in commitments["items"]} if commitments and query.q else set()
    now = portal.clock()
    reached = steps(campaign, answers.moment or now)
    return {
        "campaign": campaign,
        "network": network,
        "progress": progress,
        "pledges": commitments,
        "map": world_map(answers.features["features"], query.region, marked) if answers.features else None,
        "steps": reached,
        "celebrated": celebrated(reached, answers.moment or now),
        "search": query,
        "moment": answers.moment,
        "today": now.astimezone(ZoneInfo(campaign["reply_by"]["time_zone"])).date(),
        "demonstration": campaign["demonstration"],
    }


def last_moment(day: date, zone: str, now: datetime) -> datetime | None:
    """Returns the last microsecond of the day in the IANA zone, in UTC; None if the day isn't over."""
    if day >= now.astimezone(ZoneInfo(zone)).date():
        return None
    end = datetime.combine(day + timedelta(days=1), time(), ZoneInfo(zone)).astimezone(UTC)
    return end - timedelta(microseconds=1)


async def _campaign(portal: Portal, campaign_id: UUID | str) -> tuple[Json, Json]:
    campaign = await portal.api.get(f"/v1/campaigns/{campaign_id}")
    return campaign, await portal.api.get(f"/v1/networks/{campaign['network_id']}")
