"""A mail goes out once more when its secretariat asks for it, to the address that is known by then."""

from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import pytest_asyncio
from polity_chassis.application import create_app
from polity_chassis.authorization import access
from polity_chassis.authorization.tokens import Caller
from polity_chassis.ids import new_id
from polity_chassis.service import Service
from polity_notifications.http.deliveries import router
from sqlalchemy import text


@pytest_asyncio.fixture
async def bounced(world_refused: Any, refusing: Any, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SimpleNamespace]:
    """An invitation that its reader's mail server refused for good, and its network's secretariat."""
    world = world_refused

    async def caller(request: Any) -> Caller:
        return Caller(request.headers["Authorization"].removeprefix("Bearer "), "portal")

    monkeypatch.setattr(access, "current_caller", caller)
    async with world.database.engine.begin() as connection:
        await connection.execute(
            text(
                "INSERT INTO authority (mandate_id, person_id, role, scope_id, language, subject)"
                " VALUES (:mandate, :person, 'secretariat', :network, 'en', 'secretary')"
            ),
            {"mandate": new_id(), "person": new_id(), "network": world.network_id},
        )
    await world.apply(world.founded(), world.registered(), world.opened())
    contact = new_id()
    invited = world.invited(contact)
    await world.apply(world.person(contact, "refuse-550@example.org"), invited)
    await world.send()
    (row,) = await world.deliveries()
    path = f"/v1/deliveries/{row['delivery_id']}"
    app = create_app(Service("notifications", world.settings, (router,)), world.runtime)
    # How fresh the copy of the mandates must be for a write is the chassis' to prove.
    app.state.check_fresh = None
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app),
        base_url="http://notifications",
        headers={"Authorization": "Bearer secretary"},
    ) as api:

        async def resend(**headers: str) -> tuple[int, str]:
            answer = await api.post(f"{path}/resend", headers=headers)
            return answer.status_code, answer.json()["type"].rpartition(":")[2] if answer.is_error else ""

        yield SimpleNamespace(
            world=world, api=api, path=path, contact=contact, invited=invited, resend=resend, kept=refusing.kept
        )


async def test_a_bounced_mail_goes_to_the_corrected_address_and_its_history_goes_on(bounced: SimpleNamespace) -> None:
    world = bounced.world
    world.clock.forward(days=10)
    await world.apply(world.person(bounced.contact, "right@example.org"))
    assert await bounced.resend() == (202, "")
    assert await bounced.resend() == (409, "mail_under_way")
    await world.send()
    assert bounced.kept == ["right@example.org"]
    told = (await bounced.api.get(bounced.path)).json()
    assert told["status"] == "sent"
    assert [(one["number"], one["failure"]) for one in told["attempts_made"]] == [(1, "smtp 550"), (2, None)]
    assert await bounced.resend() == (409, "mail_sent_just_now")
    world.clock.forward(minutes=11)
    assert await bounced.resend() == (202, "")
    await world.send()
    assert bounced.kept == ["right@example.org"] * 2


async def test_a_mail_sent_again_expires_with_the_deadline_and_can_then_be_asked_for_no_more(
    bounced: SimpleNamespace,
) -> None:
    world = bounced.world
    world.clock.forward(days=29)
    await bounced.resend()
    (row,) = await world.deliveries()
    assert row["expires_at"] == bounced.invited.fact.reply_by.at
    world.clock.forward(days=2)
    await world.expire()
    assert await world.statuses() == ["expired"]
    assert await bounced.resend() == (409, "mail_deadline_passed")


@pytest.mark.parametrize(
    ("happened", "slug"),
    [
        (lambda b: b.world.erased(b.contact), "mail_reader_erased"),
        (lambda b: b.world.revoked(b.invited, 2), "mail_invitation_revoked"),
        (lambda b: b.world.committed(b.contact, by=b.invited), "mail_invitation_answered"),
        # Neither of these was thanked.
        (lambda b: b.world.committed(b.contact, by=b.invited, imported=True), "mail_invitation_answered"),
        (lambda b: b.world.committed(None, by=b.invited), "mail_invitation_answered"),
        (lambda b: b.world.declined(b.invited), "mail_invitation_declined"),
    ],
)
async def test_what_is_settled_is_not_mailed_again(bounced: SimpleNamespace, happened: Any, slug: str) -> None:
    await bounced.world.apply(happened(bounced))
    assert await bounced.resend() == (409, slug)
    (row,) = [one for one in await bounced.world.deliveries() if one["kind"] == "invitation"]
    assert (row["status"], row["failure"]) == ("failed", "smtp 550")


async def test_whoever_changed_their_mind_may_be_mailed_again(bounced: SimpleNamespace) -> None:
    await bounced.world.apply(bounced.world.declined(bounced.invited), bounced.world.reconsidered(bounced.invited))
    assert await bounced.resend() == (202, "")


async def test_a_pledge_that_is_known_before_its_invitation_still_answers_it(bounced: SimpleNamespace) -> None:
    world, contact = bounced.world, new_id()
    invited = world.invited(contact)
    await world.apply(world.committed(None, by=invited), invited, world.person(contact, "refuse-550@example.org"))
    await world.send()
    (row,) = [one for one in await world.deliveries() if one["person_id"] == contact]
    answer = await bounced.api.post(f"/v1/deliveries/{row['delivery_id']}/resend")
    assert answer.json()["type"].rpartition(":")[2] == "mail_invitation_answered"


async def test_for_everybody_else_there_is_no_such_mail(bounced: SimpleNamespace) -> None:
    assert (await bounced.resend(Authorization="Bearer another"))[0] == 404
    assert (await bounced.api.post(f"/v1/deliveries/{new_id()}/resend")).status_code == 404
    assert await bounced.world.statuses() == ["failed"]
