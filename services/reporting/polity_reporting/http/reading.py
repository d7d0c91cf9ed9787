"""What every public read of a campaign shares: the moment asked for, and an ETag that costs one row to check."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import Header, Query
from polity_chassis.problems import not_found
from polity_chassis.runtime import Runtime
from pydantic import AwareDatetime, Field
from sqlalchemy.ext.asyncio import AsyncConnection

from polity_reporting.storage import progress as stored

CACHE_CONTROL = "public, max-age=5"
DEMONSTRATION = "demonstration data"
Moment = Annotated[AwareDatetime, Field(ge=datetime(1900, 1, 1, tzinfo=UTC), lt=datetime(3000, 1, 1, tzinfo=UTC))]
"""Far from where another offset or zone would leave the calendar."""
AsOf = Annotated[Moment | None, Query(description="Only facts whose time is not later; with its UTC offset.")]
KnownTags = Annotated[str | None, Header(alias="If-None-Match")]


@dataclass(frozen=True, slots=True)
class Reading:
    """One moment of one campaign's rows, and the headers of what is made of them."""

    connection: AsyncConnection
    campaign: stored.Campaign
    headers: dict[str, str]
    known: bool
    """The caller holds this version already: 304 is the answer."""


@asynccontextmanager
async def reading(
    runtime: Runtime, campaign_id: UUID, as_of: datetime | None, form: str, if_none_match: str | None
) -> AsyncIterator[Reading]:
    """Opens a campaign for reading; `form` tells its representations apart. Raises Problem (404)."""
    async with runtime.database.transaction() as session:
        connection = await stored.one_moment(session)
        campaign = await stored.campaign(connection, campaign_id, runtime.clock())
        if campaign is None:
            raise not_found()
        # A milestone's date may pass without a fact.
        moment = f"{as_of.timestamp():.6f}" if as_of else campaign.today.isoformat()
        headers = {
            "ETag": f'W/"{campaign.version}-{moment}-{form}"',
            "Cache-Control": CACHE_CONTROL,
            # Open data: a map on another site may read it. Nothing here depends on who asks.
            "Access-Control-Allow-Origin": "*",
        }
        yield Reading(connection, campaign, headers, _knows(if_none_match, headers["ETag"]))


def attachment(campaign: stored.Campaign, what: str, extension: str) -> str:
    """Returns the Content-Disposition of a download; its file name says so where the campaign is a demonstration."""
    mark = f"-{DEMONSTRATION.replace(' ', '-')}" if campaign.demonstration else ""
    return f'attachment; filename="{what}-{campaign.campaign_id}{mark}.{extension}"'


def _knows(if_none_match: str | None, etag: str) -> bool:
    return if_none_match is not None and etag in {tag.strip() for tag in if_none_match.split(",")}
