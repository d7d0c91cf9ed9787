"""A fact that was public and is for members now: nothing of it is posted any more, and who asked for it is told so."""

import importlib
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from polity_chassis.application import create_app
from polity_chassis.authorization import access, tokens
from polity_chassis.authorization.tokens import Caller
from polity_chassis.ids import new_id
from polity_chassis.service import Service
from polity_notifications.http import webhook_log, webhooks
from polity_notifications.storage.tables import webhook_delivery, webhook_message
from sqlalchemy import insert, text
from starlette.requests import Request

REGISTERED = "membership.local_government_registered"
NAMED = ["membership.commitment_made", REGISTERED]


@pytest_asyncio.fixture
async def api(world: Any, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[httpx.AsyncClient]:
    """The routes, called by the partner that the other fixtures subscribe."""

    async def caller(request: Request) -> Caller:
        request.state.caller = Caller("partner", "partner")
        return Caller("partner", "partner")

    monkeypatch.setattr(access, "current_caller", caller)
    app = create_app(Service("notifications", world.settings, (webhooks.router, webhook_log.router)), world.runtime)
    app.dependency_overrides[tokens.current_caller] = caller
    app.state.check_fresh = None
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://notifications") as client:
        yield client


async def asked_before(partners: Any, webhook_id: Any, status: str) -> Any:
    """A delivery of the release before, with its message."""
    message_id, delivery_id, at = new_id(), new_id(), partners.world.clock.now
    message = {"message_id": message_id, "type": REGISTERED, "body": '{"data":{"name":"Grigny"}}', "traceparent": None}
    delivery = {
        "delivery_id": delivery_id, "webhook_id": webhook_id, "message_id": message_id, "subject": str(new_id()),
        "sequence": 1, "status": status, "due_at": at, "asked_at": at,
    }  # fmt: skip
    async with partners.world.database.engine.begin() as connection:
        await connection.execute(insert(webhook_message).values(message))
        await connection.execute(insert(webhook_delivery).values(delivery))
    return delivery_id


async def upgraded(partners: Any) -> None:
    revision = importlib.import_module("polity_notifications.migrations.versions.0006_registers_are_for_members")
    async with partners.world.database.engine.begin() as connection:
        await connection.execute(text(revision.CANCEL))


async def test_a_registration_is_posted_to_nobody_whatever_was_subscribed(partners: Any) -> None:
    await partners.subscribe("ok", fact_types=NAMED)
    await partners.subscribe("ok")
    await partners.told(partners.world.registered())
    await partners.sender.settle()
    assert (await partners.rows(), partners.endpoints.bodies()) == ([], [])


async def test_a_subscription_keeps_its_types_and_says_which_are_public_no_longer(
    partners: Any, api: httpx.AsyncClient
) -> None:
    told = await partners.subscribe("ok", fact_types=NAMED)
    shown = (await api.get(f"/v1/webhooks/{told.webhook_id}")).json()
    assert (shown["fact_types"], shown["no_longer_public"]) == (NAMED, [REGISTERED])
    other = await partners.subscribe("ok", fact_types=NAMED[:1])
    everything = await partners.subscribe("ok")
    for webhook_id in (other.webhook_id, everything.webhook_id):
        assert (await api.get(f"/v1/webhooks/{webhook_id}")).json()["no_longer_public"] == []
    refused = await api.post("/v1/webhooks", json={"url": "https://partner.example/", "fact_types": NAMED})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "fact_types")


async def test_what_waited_at_the_upgrade_is_cancelled_and_never_sent_again(
    partners: Any, api: httpx.AsyncClient
) -> None:
    webhook_id = (await partners.subscribe("ok", fact_types=NAMED)).webhook_id
    waiting = await asked_before(partners, webhook_id, "pending")
    given_up = await asked_before(partners, webhook_id, "exhausted")
    taken = await asked_before(partners, webhook_id, "delivered")
    await upgraded(partners)
    assert await partners.statuses() == ["cancelled", "delivered", "exhausted"]
    for delivery_id in (waiting, given_up, taken):
        answer = await api.post(f"/v1/webhook-deliveries/{delivery_id}/resend")
        assert (answer.status_code, answer.json()["type"]) == (409, "urn:polity:problem:webhook_type_not_public")
    since = partners.world.clock.now.replace(year=2020).isoformat()
    answer = await api.post(f"/v1/webhooks/{webhook_id}/resend", json={"since": since})
    assert answer.json() == {"resent": 0, "more": False}
    await partners.sender.settle()
    assert partners.endpoints.bodies() == []
