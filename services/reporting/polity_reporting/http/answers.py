"""How everybody whom a campaign invited has answered, for the secretariat of its network."""

from datetime import UTC
from uuid import UUID

from fastapi import APIRouter, Request
from polity_chassis.authorization.access import access, role
from polity_chassis.web.dependencies import NowDep, RuntimeDep
from polity_chassis.web.problems import not_found
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_reporting.http import shapes
from polity_reporting.http.reading import AsOfDep
from polity_reporting.storage import progress as stored

router = APIRouter(tags=["progress"])


async def network_of_campaign(session: AsyncSession, request: Request) -> UUID | None:
    """Returns the network of the campaign in the path, None where there is none."""
    try:
        campaign_id = UUID(request.path_params["campaign_id"])
    except ValueError:
        return None
    return await stored.network_of(session, campaign_id)


@router.get(
    "/v1/progress/{campaign_id}/answers",
    operation_id="get_answers",
    **access(role("secretariat", network_of_campaign)),
)
async def answers(campaign_id: UUID, runtime: RuntimeDep, now: NowDep, as_of: AsOfDep) -> shapes.AnswersShape:
    """Returns totals by status, also by region, by country and by day."""
    async with runtime.database.transaction() as session:
        connection = await stored.one_moment(session)
        campaign = await stored.campaign(connection, campaign_id, now)
        if campaign is None:
            raise not_found()
        found = await stored.progress(connection, campaign, as_of)
    return shapes.AnswersShape(
        campaign_id=campaign_id,
        as_of=(as_of or now).astimezone(UTC),
        totals=shapes.Totals.model_validate(found.totals),
        by_region=[shapes.RegionAnswers(region=group.key, **_counted(group.counts)) for group in found.regions],
        by_country=[shapes.CountryAnswers(country=group.key, **_counted(group.counts)) for group in found.countries],
        by_day=[shapes.DayAnswers.model_validate(day) for day in found.days],
    )


def _counted(counts: stored.Counts) -> dict[str, int]:
    return shapes.Totals.model_validate(counts).model_dump()
