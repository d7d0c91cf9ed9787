"""What became of a campaign's mails, for the secretariat of its network. No names, no addresses."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Request, Response
from polity_chassis.access import access, role
from polity_chassis.http import DatabaseDep, PageDep
from polity_chassis.pages import Page, cut, link_next
from pydantic import BaseModel
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_notifications.domain.deliveries import Kind, Status
from polity_notifications.storage import desk

router = APIRouter(tags=["deliveries"])


class DeliveryShape(BaseModel):
    """`failure` says why it wasn't sent yet or ever: `smtp <code>`, `no connection`, `incomplete`, `unsafe address`."""

    delivery_id: UUID
    kind: Kind
    campaign_id: UUID
    local_government_id: UUID | None
    status: Status
    attempts: int
    failure: str | None
    sent_at: datetime | None
    trace_id: str | None


async def campaign(session: AsyncSession, request: Request) -> UUID | None:
    """Returns the network of the campaign asked for, which is the scope that the caller's role must have."""
    try:
        campaign_id = UUID(request.query_params.get("campaign_id", ""))
    except ValueError:
        return None
    return await desk.network_of(session, campaign_id)


@router.get("/v1/deliveries", **access(role("secretariat", campaign)))
async def deliveries(
    request: Request,
    response: Response,
    database: DatabaseDep,
    page: PageDep,
    *,
    campaign_id: UUID,
    status: Status | None = None,
) -> Page[DeliveryShape]:
    """Returns the campaign's deliveries, the earliest asked for first."""
    async with database.transaction() as session:
        found = await desk.deliveries(session, campaign_id, status, page)
    shown, cursor = cut(found, page, lambda row: (row.asked_at, row.delivery_id))
    link_next(request, response, cursor)
    return Page(items=[_shape(row) for row in shown], next=cursor)


def _shape(row: desk.Shown) -> DeliveryShape:
    return DeliveryShape(
        delivery_id=row.delivery_id,
        kind=Kind(row.kind),
        campaign_id=row.campaign_id,
        local_government_id=row.local_government_id,
        status=Status(row.status),
        attempts=row.attempts,
        failure=row.failure,
        sent_at=row.sent_at,
        # W3C Trace Context: version-traceid-parent-flags.
        trace_id=row.traceparent.split("-")[1] if row.traceparent else None,
    )
