"""A partner system's subscriptions: its own, and for operators everybody's."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from polity_chassis.authorization.access import OPERATOR, SIGNED_IN, access, owner
from polity_chassis.authorization.tokens import CallerDep
from polity_chassis.web.dependencies import DatabaseDep, NowDep, RuntimeDep
from polity_chassis.web.idempotency import IdempotencyDep
from polity_chassis.web.pagination import Page, PageDep, cut, link_next
from polity_chassis.web.problems import FieldError, Problem, not_found
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_notifications.domain.endpoints import BadEndpoint, checked
from polity_notifications.domain.webhooks import POSTED_TYPES, PUBLIC_FACTS, Disabled, TooManyWebhooks, WebhookDisabled
from polity_notifications.http import webhook_titles
from polity_notifications.settings import Settings
from polity_notifications.storage.webhooks import subscriptions
from polity_notifications.usecases import manage_webhooks as manage

webhook_titles.register()
router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])


async def webhook(session: AsyncSession, request: Request) -> str | None:
    """Returns whose the subscription in the path is."""
    try:
        webhook_id = UUID(request.path_params["webhook_id"])
    except ValueError:
        return None
    return await subscriptions.owner_of(session, webhook_id)


OWN = owner(webhook) | OPERATOR
Names = Annotated[list[str], Field(min_length=1, max_length=50)]
Ids = Annotated[list[UUID], Field(min_length=1, max_length=50)]


class WebhookIn(BaseModel):
    """Without `fact_types` every public fact, without `networks` those of every network."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(max_length=2000, description="https, port 443 or above 1023, an address of the public Internet.")
    description: str = Field("", max_length=200, pattern=r"^[^\x00-\x1f]*$")
    fact_types: Names | None = None
    networks: Ids | None = None


class SecretOut(BaseModel):
    """The secret is told this once: keep it. Sent again with its Idempotency-Key, a request is told it again."""

    webhook_id: UUID
    secret: str


class WebhookOut(BaseModel):
    """`previous_secret_until`: until when the secret before the newest signs as well. `held_until`: until when nothing
    is posted because the endpoint asked for it (`Retry-After`).

    `no_longer_public` are those of `fact_types` that were public once: nothing of them is posted any more.
    """

    webhook_id: UUID
    url: str
    description: str
    fact_types: list[str] | None
    no_longer_public: list[str]
    networks: list[UUID] | None
    enabled: bool
    disabled_reason: Disabled | None
    disabled_at: datetime | None
    failing_since: datetime | None
    held_until: datetime | None
    paused_at: datetime | None
    previous_secret_until: datetime | None
    created_at: datetime


class DeliveryId(BaseModel):
    delivery_id: UUID


@router.post("", status_code=201, **access(SIGNED_IN, TooManyWebhooks))
async def post_webhook(body: WebhookIn, caller: CallerDep, runtime: RuntimeDep, key: IdempotencyDep) -> SecretOut:
    """Subscribes the caller's endpoint to the public facts that happen from now on."""
    settings = _settings(runtime)
    _check(body, settings)
    command = manage.Subscribe(caller.subject, body.url, body.description, body.fact_types, body.networks)
    told = await manage.subscribe(runtime.database, command, settings.webhook_keys, key)
    return SecretOut(webhook_id=told.webhook_id, secret=told.secret)


@router.get("", **access(SIGNED_IN))
async def get_webhooks(
    request: Request, response: Response, caller: CallerDep, database: DatabaseDep, page: PageDep
) -> Page[WebhookOut]:
    """Lists the caller's subscriptions, for an operator everybody's."""
    async with database.transaction() as session:
        operates = await request.app.state.holds(session, caller.subject, "operator", None)
        found = await subscriptions.listed(session, None if operates else caller.subject, page)
    rows, cursor = cut(found, page, lambda row: (row.webhook_id,))
    link_next(request, response, cursor)
    return Page(items=[_shape(row) for row in rows], next=cursor)


@router.get("/{webhook_id}", **access(OWN))
async def get_webhook(webhook_id: UUID, database: DatabaseDep) -> WebhookOut:
    """Returns the subscription, without its secrets."""
    async with database.transaction() as session:
        found = await subscriptions.one(session, webhook_id)
    if found is None:
        raise not_found()
    return _shape(found)


@router.delete("/{webhook_id}", status_code=204, **access(OWN))
async def delete_webhook(webhook_id: UUID, database: DatabaseDep) -> None:
    """Ends the subscription and forgets its log."""
    await manage.remove_webhook(database, webhook_id)


@router.post("/{webhook_id}/secret-rotation", status_code=201, **access(OWN))
async def post_secret_rotation(webhook_id: UUID, runtime: RuntimeDep, key: IdempotencyDep) -> SecretOut:
    """Makes a new secret; for a day the one before signs as well."""
    told = await manage.rotate_secret(runtime.database, webhook_id, _settings(runtime).webhook_keys, key)
    return SecretOut(webhook_id=told.webhook_id, secret=told.secret)


@router.post("/{webhook_id}/enabling", status_code=204, **access(OWN))
async def post_enabling(webhook_id: UUID, database: DatabaseDep) -> None:
    """Enables a subscription that was disabled, for what happens from now on."""
    await manage.enable_webhook(database, webhook_id)


@router.post("/{webhook_id}/pause", status_code=204, **access(OWN))
async def post_pause(webhook_id: UUID, database: DatabaseDep) -> None:
    """Posts nothing until the resumption; what happens meanwhile waits."""
    await manage.pause_webhook(database, webhook_id, paused=True)


@router.post("/{webhook_id}/resumption", status_code=204, **access(OWN))
async def post_resumption(webhook_id: UUID, database: DatabaseDep) -> None:
    """Ends the pause: what has waited is posted, in order within each subject."""
    await manage.pause_webhook(database, webhook_id, paused=False)


@router.post("/{webhook_id}/test", status_code=201, **access(OWN, WebhookDisabled))
async def post_test(webhook_id: UUID, database: DatabaseDep, now: NowDep, key: IdempotencyDep) -> DeliveryId:
    """Posts a message of the type `polity.webhook_test` to the endpoint."""
    return DeliveryId(delivery_id=await manage.try_webhook(database, webhook_id, now, key))


def _settings(runtime: Any) -> Settings:
    settings = runtime.settings
    assert isinstance(settings, Settings)
    return settings


def _check(body: WebhookIn, settings: Settings) -> None:
    if set(body.fact_types or ()) - PUBLIC_FACTS.keys():
        raise Problem("invalid_request", "invalid", errors=[FieldError("fact_types", "not_a_choice")])
    try:
        checked(body.url, allow_loopback=settings.webhook_allow_loopback)
    except BadEndpoint as error:
        fault = FieldError("url", f"webhook_url_{error}")
        raise Problem("invalid_request", "invalid", errors=[fault]) from None


def _shape(row: subscriptions.Webhook) -> WebhookOut:
    return WebhookOut(
        enabled=row.disabled_reason is None,
        no_longer_public=[name for name in row.fact_types or () if name not in POSTED_TYPES],
        previous_secret_until=row.previous_until,
        disabled_reason=Disabled(row.disabled_reason) if row.disabled_reason else None,
        **{
            name: getattr(row, name)
            for name in (
                "webhook_id", "url", "description", "fact_types", "networks", "disabled_at", "failing_since",
                "held_until", "paused_at", "created_at",
            )
        },
    )  # fmt: skip
