"""What became of a campaign's mails, for the secretariat of its network. No names, no addresses."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Request, Response
from polity_chassis.authorization.access import access, role
from polity_chassis.web.dependencies import DatabaseDep
from polity_chassis.web.pagination import Page, PageDep, cut, link_next
from polity_chassis.web.problems import FieldError, Problem
from pydantic import BaseModel
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_notifications.domain.deliveries import ASKED_BY, Kind, Status
from polity_notifications.domain.validity import ResendRefused
from polity_notifications.http import delivery_titles
from polity_notifications.mail.message import message_id
from polity_notifications.settings import Settings
from polity_notifications.storage import desk
from polity_notifications.usecases.resend_mail import resend

delivery_titles.register()
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


class DeliveryPage(Page[DeliveryShape]):
    """`counts` are those of the whole campaign, by status, whatever the page is narrowed to."""

    counts: dict[Status, int]


class AttemptShape(BaseModel):
    """`failure` says why the server didn't take the mail, in the words of a delivery's; None when it took it."""

    number: int
    at: datetime
    failure: str | None


class HistoryShape(DeliveryShape):
    """`fact` is the type of the fact that asked for the mail, at `asked_at`; `queued_at` is when its address was known.

    `next_attempt_at` is None where nothing more will be tried; `message_id` is the mail's header at every attempt.
    """

    fact: str
    asked_at: datetime
    queued_at: datetime | None
    attempts_made: list[AttemptShape]
    next_attempt_at: datetime | None
    expires_at: datetime
    message_id: str


class ResentShape(BaseModel):
    """What a mail is that was asked for once more: `queued`, or `waiting_address`, until `expires_at` at the latest."""

    delivery_id: UUID
    status: Status
    expires_at: datetime


async def campaign(session: AsyncSession, request: Request) -> UUID | None:
    """Returns the network of the campaign asked for, which is the scope that the caller's role must have.

    Raises Problem (422) where none is asked for.
    """
    if "campaign_id" not in request.query_params:
        raise Problem("invalid_request", "invalid", errors=[FieldError("campaign_id", "missing")])
    try:
        campaign_id = UUID(request.query_params["campaign_id"])
    except ValueError:
        return None
    return await desk.network_of(session, campaign_id)


async def delivery(session: AsyncSession, request: Request) -> UUID | None:
    """Returns the network of the delivery in the path."""
    try:
        delivery_id = UUID(request.path_params["delivery_id"])
    except ValueError:
        return None
    return await desk.network_of_delivery(session, delivery_id)


@router.get("/v1/deliveries", operation_id="get_deliveries", **access(role("secretariat", campaign)))
async def deliveries(
    request: Request,
    response: Response,
    database: DatabaseDep,
    page: PageDep,
    *,
    campaign_id: UUID,
    status: Status | None = None,
    local_government_id: UUID | None = None,
) -> DeliveryPage:
    """Returns the campaign's deliveries, the earliest asked for first, and how many there are in each status."""
    async with database.transaction() as session:
        found = await desk.deliveries(session, campaign_id, status, local_government_id, page)
        counted = await desk.counts(session, campaign_id)
    shown, cursor = cut(found, page, lambda row: (row.asked_at, row.delivery_id))
    link_next(request, response, cursor)
    counts = {each: counted.get(each, 0) for each in Status}
    return DeliveryPage(items=[_shape(row) for row in shown], next=cursor, counts=counts)


@router.get("/v1/deliveries/{delivery_id}", operation_id="get_delivery", **access(role("secretariat", delivery)))
async def one_delivery(delivery_id: UUID, request: Request, database: DatabaseDep) -> HistoryShape:
    """Tells what happened to one mail: what asked for it, when its address was known, each attempt, and its trace."""
    settings = request.app.state.runtime.settings
    assert isinstance(settings, Settings)
    async with database.transaction() as session:
        row, attempts = await desk.history(session, delivery_id)
    return HistoryShape(
        **_shape(row).model_dump(),
        fact=ASKED_BY[Kind(row.kind)].type,
        asked_at=row.asked_at,
        queued_at=row.queued_at,
        attempts_made=[AttemptShape(number=one.number, at=one.at, failure=one.failure) for one in attempts],
        next_attempt_at=row.due_at if row.status == Status.QUEUED else None,
        expires_at=row.expires_at,
        message_id=message_id(delivery_id, settings.mail_from),
    )


RESEND_REFUSALS = tuple(map(ResendRefused, delivery_titles.TITLES))


@router.post(
    "/v1/deliveries/{delivery_id}/resend",
    status_code=202,
    operation_id="resend_delivery",
    **access(role("secretariat", delivery), *RESEND_REFUSALS),
)
async def post_resend(delivery_id: UUID, request: Request, database: DatabaseDep) -> ResentShape:
    """Queues a mail once more that failed, expired or was sent ten minutes ago or earlier, if it still holds.

    It goes to the address that its reader has when it is sent.
    """
    settings = request.app.state.runtime.settings
    assert isinstance(settings, Settings)
    resent = await resend(database, delivery_id, settings.limits)
    return ResentShape(delivery_id=delivery_id, status=Status(resent.status), expires_at=resent.expires_at)


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
