"""A secretariat sees what became of its campaign's mails, and nobody else does."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI
from polity_chassis.application import create_app
from polity_chassis.authorization import access
from polity_chassis.authorization.tokens import Caller
from polity_chassis.ids import new_id
from polity_chassis.service import Service
from polity_notifications.http import deliveries, previews
from sqlalchemy import text


@pytest.fixture
def signed_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Takes the bearer token for the caller's subject: how tokens are checked is the chassis' to prove."""

    async def caller(request: Any) -> Caller:
        return Caller(request.headers["Authorization"].removeprefix("Bearer "), "portal")

    monkeypatch.setattr(access, "current_caller", caller)


@asynccontextmanager
async def calling(world: Any) -> AsyncIterator[httpx.AsyncClient]:
    app: FastAPI = create_app(
        Service("notifications", world.settings, (deliveries.router, previews.router)), world.runtime
    )
    # How fresh the copy of the mandates must be for a POST is the chassis' to prove.
    app.state.check_fresh = None
    headers = {"Authorization": "Bearer secretary"}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url="http://notifications", headers=headers
    ) as client:
        yield client


@pytest_asyncio.fixture
async def api(world: Any, signed_in: None) -> AsyncIterator[httpx.AsyncClient]:
    async with calling(world) as client:
        yield client


@pytest_asyncio.fixture
async def api_refused(world_refused: Any, signed_in: None) -> AsyncIterator[httpx.AsyncClient]:
    async with calling(world_refused) as client:
        yield client


async def appointed(world: Any, subject: str, role: str = "secretariat") -> None:
    async with world.database.engine.begin() as connection:
        await connection.execute(
            text(
                "INSERT INTO authority (mandate_id, person_id, role, scope_id, language, subject)"
                " VALUES (:mandate, :person, :role, :network, 'en', :subject)"
            ),
            {"mandate": new_id(), "person": new_id(), "role": role, "network": world.network_id, "subject": subject},
        )


async def test_the_secretariat_walks_through_all_deliveries_and_reads_no_address(
    world: Any, api: httpx.AsyncClient
) -> None:
    await appointed(world, "secretary")
    await world.apply(world.founded(), world.registered(), world.opened())
    contacts = [new_id() for _ in range(5)]
    trace = "c" * 32
    await world.apply(*(world.person(contact) for contact in contacts))
    await world.apply(*(world.invited(contact, traceparent=f"00-{trace}-{'d' * 16}-01") for contact in contacts))
    url = f"/v1/deliveries?campaign_id={world.campaign_id}&limit=2"
    items: list[dict[str, Any]] = []
    pages = 0
    cursor: str | None = ""
    while cursor is not None:
        answer = await api.get(f"{url}&cursor={cursor}" if cursor else url)
        items += answer.json()["items"]
        cursor, pages = answer.json()["next"], pages + 1
        assert ("Link" in answer.headers) == (cursor is not None)
        assert "example.org" not in answer.text
    assert (pages, len({item["delivery_id"] for item in items})) == (3, 5)
    assert items[0] == {
        "delivery_id": items[0]["delivery_id"], "kind": "invitation", "campaign_id": str(world.campaign_id),
        "local_government_id": str(world.city_id), "status": "queued", "attempts": 0, "failure": None,
        "sent_at": None, "trace_id": trace,
    }  # fmt: skip
    assert (await api.get(url, params={"status": "sent", "campaign_id": str(world.campaign_id)})).json()["items"] == []


@pytest.mark.parametrize("role", ["secretariat", "representative"])
async def test_for_everybody_else_there_is_nothing_to_see(world: Any, api: httpx.AsyncClient, role: str) -> None:
    await appointed(world, "secretary" if role != "secretariat" else "another", role)
    await world.apply(world.opened())
    answer = await api.get("/v1/deliveries", params={"campaign_id": str(world.campaign_id)})
    assert answer.status_code == 404
    assert (await api.get("/v1/deliveries", params={"campaign_id": str(new_id())})).status_code == 404


async def test_a_list_of_no_campaign_says_what_is_missing(api: httpx.AsyncClient) -> None:
    answer = await api.get("/v1/deliveries")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "campaign_id")
    assert answer.json()["errors"][0]["reason"] == "missing"


async def test_the_list_counts_the_whole_campaign_by_status(world: Any, api: httpx.AsyncClient) -> None:
    await appointed(world, "secretary")
    await world.apply(world.founded(), world.registered(), world.opened())
    known, unknown = new_id(), new_id()
    await world.apply(world.person(known), world.invited(known), world.invited(known), world.invited(unknown))
    await world.send()
    answer = await api.get(f"/v1/deliveries?campaign_id={world.campaign_id}&status=waiting_address&limit=1")
    assert [item["status"] for item in answer.json()["items"]] == ["waiting_address"]
    for place, found in ((world.city_id, 3), (new_id(), 0)):
        path = f"/v1/deliveries?campaign_id={world.campaign_id}&local_government_id={place}"
        assert len((await api.get(path)).json()["items"]) == found
    assert answer.json()["counts"] == {
        "waiting_address": 1, "queued": 0, "sent": 2, "failed": 0, "expired": 0, "cancelled_erased": 0,
        "cancelled_revoked": 0, "cancelled_answered": 0,
    }  # fmt: skip


async def test_what_happened_to_a_mail_is_told_from_the_fact_to_the_server_that_took_it(
    world: Any, api: httpx.AsyncClient
) -> None:
    await appointed(world, "secretary")
    await world.apply(world.founded(), world.registered(), world.opened())
    contact = new_id()
    asked_at = world.clock.now
    await world.apply(world.invited(contact, traceparent=f"00-{'c' * 32}-{'d' * 16}-01"))
    world.clock.forward(minutes=5)
    await world.apply(world.person(contact))
    queued_at = world.clock.now
    (row,) = await world.deliveries()
    waiting = (await api.get(f"/v1/deliveries/{row['delivery_id']}")).json()
    assert (waiting["status"], waiting["attempts_made"]) == ("queued", [])
    assert datetime.fromisoformat(waiting["next_attempt_at"]) == queued_at
    world.clock.forward(minutes=1)
    await world.send()
    told = (await api.get(f"/v1/deliveries/{row['delivery_id']}")).json()
    assert (told["fact"], told["kind"], told["status"]) == ("membership.invitation_issued", "invitation", "sent")
    assert datetime.fromisoformat(told["asked_at"]) == asked_at
    assert datetime.fromisoformat(told["queued_at"]) == queued_at
    assert told["attempts_made"] == [{"number": 1, "at": told["sent_at"], "failure": None}]
    assert (told["next_attempt_at"], told["trace_id"]) == (None, "c" * 32)
    assert told["message_id"] == f"<{row['delivery_id']}@example.net>"
    assert "example.org" not in str(told)


async def test_every_refused_attempt_is_told_with_its_reason(
    world_refused: Any, api_refused: httpx.AsyncClient
) -> None:
    world = world_refused
    await appointed(world, "secretary")
    await world.apply(world.founded(), world.registered(), world.opened())
    contact = new_id()
    await world.apply(world.person(contact, "refuse-451@example.org"), world.invited(contact))
    await world.send()
    await world.apply(world.person(contact, "refuse-550@example.org"))
    world.clock.forward(seconds=6)
    await world.send()
    (row,) = await world.deliveries()
    told = (await api_refused.get(f"/v1/deliveries/{row['delivery_id']}")).json()
    assert [(one["number"], one["failure"]) for one in told["attempts_made"]] == [(1, "smtp 451"), (2, "smtp 550")]
    assert (told["status"], told["next_attempt_at"]) == ("failed", None)


async def test_a_mail_of_another_network_is_not_to_be_found(world: Any, api: httpx.AsyncClient) -> None:
    await world.apply(world.founded(), world.registered(), world.opened())
    contact = new_id()
    await world.apply(world.person(contact), world.invited(contact))
    (row,) = await world.deliveries()
    assert (await api.get(f"/v1/deliveries/{row['delivery_id']}")).status_code == 404
    await appointed(world, "secretary")
    assert (await api.get(f"/v1/deliveries/{row['delivery_id']}")).status_code == 200
    for unknown in (new_id(), "not-an-id"):
        assert (await api.get(f"/v1/deliveries/{unknown}")).status_code == 404


READER = {"local_government": "Rosario", "time_zone": "America/Argentina/Cordoba", "language": "es"}


async def test_an_invitation_is_shown_as_its_reader_would_get_it_and_nothing_is_kept(
    world: Any, api: httpx.AsyncClient
) -> None:
    await appointed(world, "secretary")
    await world.apply(world.opened())
    asked = {**READER, "reply_by": "2030-09-15T21:59:00Z"}
    path = f"/v1/deliveries/preview?campaign_id={world.campaign_id}"
    assert (await api.post(path, json=asked)).json()["type"] == "urn:polity:problem:unavailable"
    await world.apply(world.founded())
    shown = (await api.post(path, json=asked)).json()
    assert (shown["language"], shown["direction"]) == ("es", "ltr")
    assert shown["subject"].startswith("Invitación")
    for words in ("Hola, [nombre del contacto]:", "Rosario", "15 de septiembre de 2030, 18:59", "/es/answer/…"):
        assert words in shown["text"]
    assert await world.deliveries() == []
    zones = [{"time_zone": zone} for zone in ("Mars/Olympus", "Europe", "../UTC", "/etc/localtime", "", "UTC\0")]
    for wrong in (*zones, {"language": "Español"}, {"reply_by": "soon"}):
        assert (await api.post(path, json={**asked, **wrong})).status_code == 422
    elsewhere = f"/v1/deliveries/preview?campaign_id={new_id()}"
    assert (await api.post(elsewhere, json=asked)).status_code == 404
