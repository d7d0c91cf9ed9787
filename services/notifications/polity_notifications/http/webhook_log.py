"""The log of a partner's deliveries, with every attempt, and the way to ask for one again."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Request, Response
from polity_chassis.authorization.access import OPERATOR, access, owner
from polity_chassis.web.dependencies import DatabaseDep
from polity_chassis.web.instants import Instant
from polity_chassis.web.pagination import Page, PageDep, cut, link_next
from pydantic import BaseModel, ConfigDict
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_notifications.domain.webhooks import MOST_RESENT, Status, TypeNotPublic, WebhookDisabled
from polity_notifications.http.webhooks import OWN
from polity_notifications.storage.webhooks import delivery_log, subscriptions
from polity_notifications.usecases import manage_webhooks as manage

router = APIRouter(tags=["webhooks"])


async def delivery(session: AsyncSession, request: Request) -> str | None:
    """Returns whose the delivery in the path is."""
    try:
        delivery_id = UUID(request.path_params["webhook_delivery_id"])
    except ValueError:
        return None
    return await subscriptions.owner_of_delivery(session, delivery_id)


class AttemptShape(BaseModel):
    """`reason`: `status`, `redirect`, `timeout`, `no_connection`, `unknown_host`, `tls`, `address_refused`,
    `key_missing` or `internal` (faults of ours); none for an attempt that was taken. `retry_after_seconds`: for how
    long the endpoint asked to be left alone, six hours at most."""

    at: datetime
    status_code: int | None
    reason: str | None
    milliseconds: int
    retry_after_seconds: int | None


class WebhookDeliveryShape(BaseModel):
    """`message_id` is the header `webhook-id`; `subject` and `sequence` are the fact's key and its number there."""

    delivery_id: UUID
    message_id: UUID
    type: str
    subject: str
    sequence: int
    status: Status
    asked_at: datetime
    next_attempt_at: datetime | None
    attempts: list[AttemptShape]


class ResendIn(BaseModel):
    """Since when what was given up, or came while the subscription was disabled, is asked for."""

    model_config = ConfigDict(extra="forbid")

    since: Instant


class Resent(BaseModel):
    """`more`: there may be more than one call asks for; call again."""

    resent: int
    more: bool


@router.get("/v1/webhooks/{webhook_id}/deliveries", operation_id="get_webhook_deliveries", **access(OWN))
async def get_deliveries(
    request: Request,
    response: Response,
    webhook_id: UUID,
    database: DatabaseDep,
    page: PageDep,
    *,
    status: Status | None = None,
    newest_first: bool = False,
) -> Page[WebhookDeliveryShape]:
    """Returns the subscription's deliveries with their attempts, the earliest asked for first by default."""
    async with database.transaction() as session:
        found = await delivery_log.deliveries(session, webhook_id, status, page, newest_first=newest_first)
        shown, cursor = cut(found, page, lambda row: (row.asked_at, row.delivery_id))
        attempts = await delivery_log.attempts(session, [row.delivery_id for row in shown])
    link_next(request, response, cursor)
    return Page(items=[_shape(row, attempts) for row in shown], next=cursor)


@router.post(
    "/v1/webhooks/{webhook_id}/resend",
    status_code=202,
    operation_id="resend_given_up",
    **access(OWN, WebhookDisabled),
)
async def post_resend_given_up(webhook_id: UUID, body: ResendIn, database: DatabaseDep) -> Resent:
    """Posts what the subscription wants and did not get since then: exhausted, cancelled, or missed while disabled."""
    resent = await manage.recover(database, webhook_id, body.since)
    return Resent(resent=resent, more=resent == MOST_RESENT)


@router.post(
    "/v1/webhook-deliveries/{webhook_delivery_id}/resend",
    status_code=202,
    operation_id="resend_webhook_delivery",
    **access(owner(delivery) | OPERATOR, WebhookDisabled, TypeNotPublic),
)
async def post_resend(webhook_delivery_id: UUID, database: DatabaseDep) -> WebhookDeliveryShape:
    """Posts the delivery again under the same webhook-id, now and, where that fails, by the whole schedule.

    Returns it as it waits now, with the attempts of before.
    """
    waiting = await manage.resend_delivery(database, webhook_delivery_id)
    async with database.transaction() as session:
        attempts = await delivery_log.attempts(session, [webhook_delivery_id])
    return _shape(waiting, attempts)


def _shape(row: delivery_log.Logged, attempts: list[delivery_log.Attempt]) -> WebhookDeliveryShape:
    return WebhookDeliveryShape(
        delivery_id=row.delivery_id,
        message_id=row.message_id,
        type=row.type,
        subject=row.subject,
        sequence=row.sequence,
        status=Status(row.status),
        asked_at=row.asked_at,
        next_attempt_at=row.due_at if row.status == Status.PENDING else None,
        attempts=[
            AttemptShape(
                at=one.at,
                status_code=one.status_code,
                reason=one.reason,
                milliseconds=one.milliseconds,
                retry_after_seconds=None if one.held is None else round(one.held.total_seconds()),
            )
            for one in attempts
            if one.delivery_id == row.delivery_id
        ],
    )
