"""A partner manages its own subscriptions, operators all of them, and a secret is told once."""

import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
from polity_chassis.application import create_app
from polity_chassis.authorization import access, tokens
from polity_chassis.authorization.tokens import Caller
from polity_chassis.ids import new_id
from polity_chassis.service import Service
from polity_notifications.domain.webhooks import JITTER, MOST_PER_OWNER, RETRIES
from polity_notifications.http import webhook_log, webhook_types, webhooks
from sqlalchemy import text
from starlette.requests import Request

URL = "https://partner.example/hooks"


@pytest_asyncio.fixture
async def api(world: Any, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[httpx.AsyncClient]:
    """The routes; a bearer token is taken for the caller's subject, and the copy of mandates for fresh."""

    async def caller(request: Request) -> Caller:
        found = Caller(request.headers["Authorization"].removeprefix("Bearer "), "partner")
        request.state.caller = found
        return found

    monkeypatch.setattr(access, "current_caller", caller)
    routers = (webhooks.router, webhook_log.router, webhook_types.router)
    app = create_app(Service("notifications", world.settings, routers), world.runtime)
    app.dependency_overrides[tokens.current_caller] = caller
    app.state.check_fresh = None
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app),
        base_url="http://notifications",
        headers={"Authorization": "Bearer partner"},
    ) as client:
        yield client


async def made(api: httpx.AsyncClient, **values: Any) -> dict[str, Any]:
    answer = await api.post("/v1/webhooks", json={"url": URL, **values})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def operating(world: Any, subject: str) -> dict[str, str]:
    async with world.database.engine.begin() as connection:
        await connection.execute(
            text(
                "INSERT INTO authority (mandate_id, person_id, role, language, subject)"
                " VALUES (:mandate, :person, 'operator', 'en', :subject)"
            ),
            {"mandate": new_id(), "person": new_id(), "subject": subject},
        )
    return {"Authorization": f"Bearer {subject}"}


async def test_the_secret_is_told_when_it_is_made_and_never_again(world: Any, api: httpx.AsyncClient) -> None:
    told = await made(api, description="Map of cities", fact_types=["membership.commitment_made"])
    assert told["secret"].startswith("whsec_")
    one = (await api.get(f"/v1/webhooks/{told['webhook_id']}")).json()
    assert (one["url"], one["enabled"], one["fact_types"]) == (URL, True, ["membership.commitment_made"])
    listed = await api.get("/v1/webhooks")
    assert listed.json()["items"] == [one]
    assert told["secret"] not in listed.text
    rotated = (await api.post(f"/v1/webhooks/{told['webhook_id']}/secret-rotation")).json()
    assert rotated["secret"] not in (told["secret"], None)
    async with world.database.engine.connect() as connection:
        stored = (await connection.execute(text("SELECT to_jsonb(webhook)::text FROM webhook"))).scalar_one()
        kept = await connection.execute(text("SELECT coalesce(string_agg(ids::text, ''), '') FROM idempotency_key"))
        everything = stored + kept.scalar_one()
    for secret in (told["secret"], rotated["secret"]):
        assert secret.removeprefix("whsec_")[:20] not in everything


async def test_the_same_request_sent_again_makes_one_subscription(api: httpx.AsyncClient) -> None:
    key = {"Idempotency-Key": "again"}
    first, second = [(await api.post("/v1/webhooks", json={"url": URL}, headers=key)).json() for _ in range(2)]
    assert first == second
    assert len((await api.get("/v1/webhooks")).json()["items"]) == 1
    other = await api.post("/v1/webhooks", json={"url": URL + "2"}, headers=key)
    assert other.status_code == 422


async def test_a_partner_sees_its_own_and_an_operator_everybodys(world: Any, api: httpx.AsyncClient) -> None:
    told = await made(api)
    stranger, operator = {"Authorization": "Bearer stranger"}, await operating(world, "operator")
    path = f"/v1/webhooks/{told['webhook_id']}"
    delivery = (await api.post(f"{path}/test")).json()["delivery_id"]
    for method, address in [
        ("GET", path), ("GET", f"{path}/deliveries"), ("POST", f"{path}/test"), ("POST", f"{path}/secret-rotation"),
        ("POST", f"{path}/enabling"), ("POST", f"/v1/webhook-deliveries/{delivery}/resend"), ("DELETE", path),
    ]:  # fmt: skip
        assert (await api.request(method, address, headers=stranger)).status_code == 404, address
        missing = address.replace(told["webhook_id"], str(new_id())).replace(delivery, str(new_id()))
        assert (await api.request(method, missing, headers=operator)).status_code == 404, address
        assert (await api.request(method, address, headers=operator)).is_success, address
    assert (await api.get("/v1/webhooks", headers=stranger)).json()["items"] == []
    await made(api)
    assert len((await api.get("/v1/webhooks", headers=operator)).json()["items"]) == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "url"),
        ({"url": "http://partner.example/"}, "url"),
        ({"url": "https://10.0.0.1/"}, "url"),
        ({"url": URL, "fact_types": ["membership.person_recorded"]}, "fact_types"),
        ({"url": URL, "fact_types": ["membership.invitation_issued"]}, "fact_types"),
        ({"url": URL, "fact_types": []}, "fact_types"),
        ({"url": URL, "networks": ["x"]}, "networks.0"),
        ({"url": URL, "secret": "mine"}, "secret"),
    ],
)
async def test_what_cannot_be_subscribed_to_is_refused_by_its_field(
    api: httpx.AsyncClient, body: dict[str, Any], field: str
) -> None:
    answer = await api.post("/v1/webhooks", json=body)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)
    assert "10.0.0.1" not in answer.text
    assert answer.json()["errors"][0]["message"] != "This value is not valid." or field != "url" or not body


async def test_one_owner_has_a_limited_number(api: httpx.AsyncClient) -> None:
    for _ in range(MOST_PER_OWNER):
        await made(api)
    answer = await api.post("/v1/webhooks", json={"url": URL})
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:polity:problem:too_many_webhooks")


async def test_the_log_shows_each_delivery_with_its_attempts(partners: Any, api: httpx.AsyncClient) -> None:
    told = await made(api, url=f"{partners.endpoints.url}/flaky")
    path = f"/v1/webhooks/{told['webhook_id']}"
    await partners.told(*(partners.commitment(number) for number in range(3)))
    await partners.sender.settle()
    partners.endpoints.failing = False
    await api.post(f"{path}/test")
    partners.world.clock.forward(seconds=7)
    await partners.sender.settle()
    pages = [(await api.get(f"{path}/deliveries?limit=3")).json()]
    pages.append((await api.get(f"{path}/deliveries?limit=3&cursor={pages[0]['next']}")).json())
    items = [item for page in pages for item in page["items"]]
    assert [item["status"] for item in items] == ["delivered"] * 4
    assert pages[1]["next"] is None
    assert {item["type"] for item in items} == {"membership.commitment_made", "polity.webhook_test"}
    attempts = [[(one["status_code"], one["reason"]) for one in item["attempts"]] for item in items]
    assert sorted(attempts, key=len)[-1] == [(500, "status"), (204, None)]
    assert (await api.get(f"{path}/deliveries?status=exhausted")).json()["items"] == []


async def test_the_log_can_be_read_from_its_end(partners: Any, api: httpx.AsyncClient) -> None:
    path = f"/v1/webhooks/{(await made(api, url=f'{partners.endpoints.url}/ok'))['webhook_id']}"
    asked = []
    for _ in range(5):
        asked.append((await api.post(f"{path}/test")).json()["delivery_id"])
        partners.world.clock.forward(seconds=1)
    first = (await api.get(f"{path}/deliveries?limit=3&newest_first=true")).json()
    second = (await api.get(f"{path}/deliveries?limit=3&newest_first=true&cursor={first['next']}")).json()
    assert [item["delivery_id"] for item in (*first["items"], *second["items"])] == asked[::-1]
    assert second["next"] is None


async def test_while_a_subscription_is_paused_everything_waits(partners: Any, api: httpx.AsyncClient) -> None:
    path = f"/v1/webhooks/{(await made(api, url=f'{partners.endpoints.url}/ok'))['webhook_id']}"
    assert (await api.post(f"{path}/pause")).status_code == 204
    await partners.told(partners.commitment(1), partners.commitment(2))
    await partners.sender.settle()
    assert (await api.get(path)).json()["paused_at"]
    assert (await partners.statuses(), partners.endpoints.bodies()) == (["pending"] * 2, [])
    assert (await api.post(f"{path}/resumption")).status_code == 204
    await partners.sender.settle()
    assert (await partners.statuses(), len(partners.endpoints.bodies())) == (["delivered"] * 2, 2)
    assert (await api.get(path)).json()["paused_at"] is None


async def test_what_was_given_up_since_a_moment_is_posted_again(partners: Any, api: httpx.AsyncClient) -> None:
    path = f"/v1/webhooks/{(await made(api, url=f'{partners.endpoints.url}/flaky'))['webhook_id']}"
    for ordinal in (1, 2):
        since = partners.world.clock.now.isoformat()
        await partners.told(partners.commitment(ordinal))
        for wait in (*RETRIES, RETRIES[0]):
            await partners.sender.settle()
            partners.world.clock.now += wait * (1 + JITTER)
    assert await partners.statuses() == ["exhausted"] * 2
    partners.endpoints.failing = False
    answer = await api.post(f"{path}/resend", json={"since": since})
    assert (answer.status_code, answer.json()) == (202, {"resent": 1, "more": False})
    await partners.sender.settle()
    assert await partners.statuses() == ["delivered", "exhausted"]
    assert (await api.post(f"{path}/resend", json={"since": "yesterday"})).status_code == 422


async def test_a_single_resend_answers_the_delivery_that_waits_now(partners: Any, api: httpx.AsyncClient) -> None:
    told = await made(api, url=f"{partners.endpoints.url}/ok")
    await partners.told(partners.commitment())
    await partners.sender.settle()
    path = f"/v1/webhooks/{told['webhook_id']}/deliveries"
    [before] = (await api.get(path)).json()["items"]
    answer = await api.post(f"/v1/webhook-deliveries/{before['delivery_id']}/resend")
    due = partners.world.clock.now.isoformat().replace("+00:00", "Z")
    assert answer.status_code == 202
    assert answer.json() == {**before, "status": "pending", "next_attempt_at": due}
    [after] = (await api.get(path, params={"status": "pending"})).json()["items"]
    assert after == answer.json()
    assert (await api.get(path, params={"status": "delivered"})).json()["items"] == []


async def test_every_type_is_listed_with_the_schema_of_what_partners_get(partners: Any, api: httpx.AsyncClient) -> None:
    types = (await api.get("/v1/webhook-types")).json()
    assert types["loopback"] is True
    listed = {item["type"]: item for item in types["items"]}
    told = await made(api, url=f"{partners.endpoints.url}/ok", fact_types=list(listed))
    await partners.told(partners.commitment())
    await partners.sender.settle()
    [body] = map(json.loads, partners.endpoints.bodies())
    shown = listed[body["type"]]
    assert body["dataschema"] == shown["dataschema"]
    assert set(body["data"]) == set(shown["data_schema"]["properties"]) >= set(shown["data_schema"]["required"])
    assert not {"contact_id", "invitation_id"} & set(shown["data_schema"]["properties"])
    assert (await api.get(f"/v1/webhooks/{told['webhook_id']}")).json()["fact_types"] == list(listed)


async def test_a_disabled_subscription_is_told_so_and_enabled_again(partners: Any, api: httpx.AsyncClient) -> None:
    told = await made(api, url=f"{partners.endpoints.url}/gone")
    path = f"/v1/webhooks/{told['webhook_id']}"
    delivery = (await api.post(f"{path}/test")).json()["delivery_id"]
    await partners.sender.settle()
    assert (await api.get(path)).json()["disabled_reason"] == "gone"
    for address in (f"{path}/test", f"/v1/webhook-deliveries/{delivery}/resend"):
        answer = await api.post(address)
        assert (answer.status_code, answer.json()["type"]) == (409, "urn:polity:problem:webhook_disabled")
    assert (await api.post(f"{path}/enabling")).status_code == 204
    assert (await api.post(f"/v1/webhook-deliveries/{delivery}/resend")).status_code == 202
    [item] = (await api.get(f"{path}/deliveries")).json()["items"]
    assert (item["status"], item["next_attempt_at"] is not None) == ("pending", True)
    assert UUID(item["message_id"])
