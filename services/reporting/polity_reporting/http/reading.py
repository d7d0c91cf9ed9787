"""What every public read of a campaign shares: the moment asked for, and an ETag that costs one row to check."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Header, Query
from polity_chassis.runtime import Runtime
from polity_chassis.web.dependencies import NowDep
from polity_chassis.web.etag import matches
from polity_chassis.web.instants import Instant
from polity_chassis.web.problems import FieldError, Problem, not_found
from sqlalchemy.ext.asyncio import AsyncConnection

from polity_reporting.storage import progress as stored

CACHE_CONTROL = "public, max-age=5"
DEMONSTRATION = "demonstration data"
CLOCKS_APART = timedelta(minutes=1)
"""A caller whose clock is so far ahead of ours may ask for its own now."""
KnownTags = Annotated[str | None, Header(alias="If-None-Match")]


async def moment_asked(
    now: NowDep,
    as_of: Annotated[
        Instant | None, Query(description="Only facts whose time is not later; not in the future, with its UTC offset.")
    ] = None,
) -> datetime | None:
    """Returns the moment asked for, None for now; raises Problem (422) for one that has not come yet."""
    if as_of and as_of > now + CLOCKS_APART:
        raise Problem("invalid_request", "invalid", errors=[FieldError("as_of", "instant_in_future")])
    return as_of


AsOfDep = Annotated[datetime | None, Depends(moment_asked)]


@dataclass(frozen=True, slots=True)
class Reading:
    """One moment of one campaign's rows, and the headers of what is made of them."""

    connection: AsyncConnection
    campaign: stored.Campaign
    headers: dict[str, str]
    known: bool
    """The caller holds this version already: 304 is the answer."""
    told: bool
    """Whether the public learns totals of those who have not pledged.

    Of a past moment it learns none: the difference of two moments would be a group of those who answered between.
    """


@asynccontextmanager
async def reading(
    runtime: Runtime,
    campaign_id: UUID,
    as_of: datetime | None,
    form: str,
    if_none_match: str | None,
    *,
    totals: bool = False,
) -> AsyncIterator[Reading]:
    """Opens a campaign for reading; `form` tells its representations apart, `totals` says that it has totals.

    Raises Problem (404).
    """
    async with runtime.database.transaction() as session:
        connection = await stored.one_moment(session)
        campaign = await stored.campaign(connection, campaign_id, runtime.clock())
        if campaign is None:
            raise not_found()
        told = totals and campaign.told and as_of is None
        # A milestone's date may pass without a fact.
        moment = f"{as_of.timestamp():.6f}" if as_of else campaign.today.isoformat()
        # Without totals nothing tells that somebody was asked, the tag neither.
        version = f"{campaign.version}.{campaign.answers_version}" if told else campaign.version
        headers = {"ETag": f'W/"{version}-{moment}-{form}"', "Cache-Control": CACHE_CONTROL}
        yield Reading(connection, campaign, headers, matches(if_none_match or "", headers["ETag"]), told)


def attachment(campaign: stored.Campaign, what: str, extension: str) -> str:
    """Returns the Content-Disposition of a download; its file name says so where the campaign is a demonstration."""
    mark = f"-{DEMONSTRATION.replace(' ', '-')}" if campaign.demonstration else ""
    return f'attachment; filename="{what}-{campaign.campaign_id}{mark}.{extension}"'
