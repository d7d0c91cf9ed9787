"""From public facts to signed posts: once per fact and subscription, tried again, and never held up by one endpoint."""

import asyncio
import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from polity_chassis.ids import new_id
from polity_notifications.domain.webhooks import RETRIES
from polity_notifications.usecases.follow_people import erase_people
from polity_notifications.usecases.manage_webhooks import (
    enable_webhook,
    remove_webhook,
    resend_delivery,
    rotate_secret,
)
from polity_notifications.webhooks.posting import Answer, Poster
from standardwebhooks import Webhook

DAY = 24 * 3600


def verified(secret: str, headers: dict[str, str], body: bytes, now: float) -> Any:
    """Checks by the published library, which compares with this machine's clock: the test's is elsewhere."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Webhook, "_Webhook__verify_timestamp", lambda _, at: datetime.fromtimestamp(int(at), UTC))
        assert abs(int(headers["webhook-timestamp"]) - now) < 2
        return Webhook(secret).verify(body.decode(), headers)


async def test_a_public_fact_is_posted_once_to_each_subscription_and_verified_by_a_library(partners: Any) -> None:
    first, second = await partners.subscribe("ok-1"), await partners.subscribe("ok-2")
    fact = partners.commitment()
    await partners.told(fact, fact, partners.world.invited(new_id()))
    await partners.told(fact)
    await partners.sender.settle()
    assert sorted(name for name, _, _ in partners.endpoints.taken) == ["ok-1", "ok-2"]
    for (name, headers, body), told in zip(sorted(partners.endpoints.taken), (first, second), strict=True):
        lower = {key.lower(): value for key, value in headers.items()}
        event = verified(told.secret, lower, body, partners.world.clock.now.timestamp())
        assert (event["type"], event["id"]) == ("membership.commitment_made", str(fact.id)), name
        assert lower["webhook-id"] == str(fact.id)
        assert lower["content-type"] == "application/cloudevents+json"
        assert str(fact.fact.contact_id) not in body.decode()
    assert await partners.statuses() == ["delivered"] * 2
    assert [row["status_code"] for row in await partners.attempts()] == [200, 200]


async def test_a_subscription_gets_the_types_and_networks_it_named_from_then_on(partners: Any) -> None:
    await partners.told(partners.commitment())
    partners.world.clock.forward(seconds=1)
    await partners.subscribe(fact_types=["membership.milestone_reached"], networks=[partners.world.network_id])
    await partners.subscribe("ok-other", networks=[new_id()])
    await partners.told(partners.commitment(), partners.world.reached())
    await partners.sender.settle()
    assert [json.loads(body)["type"] for body in partners.endpoints.bodies()] == ["membership.milestone_reached"]
    assert partners.endpoints.bodies("ok-other") == []


async def test_what_fails_is_tried_by_the_schedule_and_then_exhausted_for_all_to_see(partners: Any) -> None:
    await partners.subscribe("flaky")
    await partners.told(partners.commitment())
    due = []
    for wait in (*RETRIES, timedelta(0)):
        await partners.sender.settle()
        [row] = await partners.rows()
        due.append((row["due_at"] - partners.world.clock.now) / wait if wait else 1.0)
        partners.world.clock.now = row["due_at"] - timedelta(seconds=0.001)
        await partners.sender.settle()
        partners.world.clock.forward(seconds=0.002)
    assert all(1 <= part < 1.2 for part in due)
    assert partners.endpoints.asked["flaky"] == 8
    assert await partners.statuses() == ["exhausted"]
    attempts = await partners.attempts()
    assert [(row["number"], row["status_code"], row["reason"]) for row in attempts] == [
        (number, 500, "status") for number in range(1, 9)
    ]
    partners.endpoints.failing = False
    [row] = await partners.rows()
    await resend_delivery(partners.world.database, row["delivery_id"])
    await partners.sender.settle()
    assert await partners.statuses() == ["delivered"]
    assert len({headers["webhook-id"] for _, headers, _ in partners.endpoints.taken}) == 1


async def test_an_endpoint_that_recovers_gets_it_at_the_next_try(partners: Any) -> None:
    told = await partners.subscribe("flaky")
    await partners.told(partners.commitment())
    await partners.sender.settle()
    assert (await partners.webhook(told.webhook_id))["failing_since"] is not None
    partners.endpoints.failing = False
    partners.world.clock.forward(seconds=7)
    await partners.sender.settle()
    assert await partners.statuses() == ["delivered"]
    assert [row["status_code"] for row in await partners.attempts()] == [500, 204]
    assert (await partners.webhook(told.webhook_id))["failing_since"] is None


@pytest.mark.parametrize(
    ("path", "status", "reason"),
    [
        ("hang", None, "timeout"),
        ("drip", None, "timeout"),
        ("redirect", 307, "redirect"),
        ("http://127.0.0.1:1/", None, "no_connection"),
        ("https://127.0.0.1:1/", None, "no_connection"),
        ("https://10.0.0.1/", None, "address_refused"),
        ("http://8.8.8.8:8080/", None, "address_refused"),
    ],
)
async def test_an_endpoint_that_misbehaves_is_noted_and_tried_again(
    partners: Any, path: str, status: int | None, reason: str
) -> None:
    assert await _attempted(partners, path) == (status, reason)
    assert partners.endpoints.bodies("ok") == []


@pytest.mark.parametrize("host", ["polity.invalid", "localtest.invalid:8443"])
async def test_a_name_that_nobody_has_is_noted_and_tried_again(partners: Any, host: str) -> None:
    """With the product's own time: the name server is this machine's, and may need more than an endpoint gets here."""
    poster = Poster(allow_loopback=True)
    partners.sender = partners.new_sender(poster)
    try:
        assert await _attempted(partners, f"https://{host}/") == (None, "unknown_host")
    finally:
        await poster.close()


async def _attempted(partners: Any, path: str) -> tuple[int | None, str | None]:
    """Returns what the one attempt came to; the webhook is to be tried again."""
    await partners.subscribe(path)
    await partners.told(partners.commitment())
    # It ends at all: the endpoint itself never would.
    async with asyncio.timeout(60):
        await partners.sender.settle()
    [attempt] = await partners.attempts()
    assert await partners.statuses() == ["pending"]
    return attempt["status_code"], attempt["reason"]


async def test_an_answer_that_does_not_end_is_hung_up_on(partners: Any) -> None:
    await partners.subscribe("flood")
    await partners.told(partners.commitment())
    async with asyncio.timeout(60):
        await partners.sender.settle()
    assert await partners.statuses() == ["delivered"]


async def test_410_disables_the_subscription_and_ends_what_waits(partners: Any) -> None:
    told = await partners.subscribe("gone")
    await partners.told(*(partners.commitment(number) for number in range(6)))
    await partners.sender.settle()
    row = await partners.webhook(told.webhook_id)
    assert (row["disabled_reason"], row["disabled_at"]) == ("gone", partners.world.clock.now)
    assert set(await partners.statuses()) == {"cancelled"}
    assert partners.endpoints.asked["gone"] <= 4
    await partners.told(partners.commitment(7))
    assert len(await partners.rows()) == 6
    await enable_webhook(partners.world.database, told.webhook_id)
    await partners.told(partners.commitment(8))
    assert (await partners.statuses()).count("pending") == 1


async def test_an_endpoint_that_takes_nothing_for_five_days_is_disabled(partners: Any) -> None:
    told = await partners.subscribe("flaky")
    await partners.failing_since(told.webhook_id, days=4.99)
    await partners.told(partners.commitment())
    await partners.sender.settle()
    assert (await partners.webhook(told.webhook_id))["disabled_reason"] is None
    partners.world.clock.forward(days=0.02)
    await partners.sender.settle()
    assert (await partners.webhook(told.webhook_id))["disabled_reason"] == "failing"


async def test_within_a_subject_the_order_holds_and_the_first_holds_up_the_next(partners: Any) -> None:
    await partners.subscribe("flaky")
    await partners.told(partners.world.opened(), partners.world.reached(10), partners.world.reached(100))
    await partners.told(partners.commitment())
    await partners.sender.settle()
    kinds = [json.loads(body)["type"] for body in partners.endpoints.bodies("flaky")]
    assert sorted(kinds) == ["membership.campaign_opened", "membership.commitment_made"]
    partners.endpoints.failing = False
    partners.world.clock.forward(seconds=7)
    await partners.sender.settle()
    campaign = [json.loads(body) for body in partners.endpoints.bodies("flaky")[2:]]
    told = [event["sequence"] for event in campaign if event["subject"] == str(partners.world.campaign_id)]
    assert told == [f"{number:019}" for number in (1, 2, 3)]
    assert set(await partners.statuses()) == {"delivered"}


async def test_both_secrets_sign_for_a_day_after_a_rotation(partners: Any) -> None:
    old = await partners.subscribe()
    world = partners.world
    new = await rotate_secret(world.database, old.webhook_id, world.settings.webhook_keys, None)
    assert new.secret != old.secret
    await partners.told(partners.commitment())
    await partners.sender.settle()
    world.clock.forward(days=1)
    await partners.told(partners.commitment())
    await partners.sender.settle()
    (_, during, first), (_, after, second) = partners.endpoints.taken
    for secret in (old.secret, new.secret):
        verified(secret, during, first, world.clock.now.timestamp() - DAY)
    verified(new.secret, after, second, world.clock.now.timestamp())
    with pytest.raises(Exception, match="No matching signature"):
        verified(old.secret, after, second, world.clock.now.timestamp())


async def test_a_second_rotation_within_a_day_keeps_the_first_secret_alive(partners: Any) -> None:
    world, secrets = partners.world, [(await partners.subscribe())]
    for _ in range(2):
        world.clock.forward(hours=1)
        secrets.append(await rotate_secret(world.database, secrets[0].webhook_id, world.settings.webhook_keys, None))
    for hours, alive in ((0, 3), (23, 2), (1, 1)):
        world.clock.forward(hours=hours)
        partners.endpoints.taken.clear()
        await partners.told(partners.commitment())
        await partners.sender.settle()
        [(_, headers, body)] = partners.endpoints.taken
        signatures = headers["webhook-signature"].split()
        assert len(signatures) == alive
        for told in secrets[3 - alive :]:
            verified(told.secret, headers, body, world.clock.now.timestamp())


async def test_a_sender_killed_between_post_and_note_posts_at_most_once_more(partners: Any) -> None:
    await partners.subscribe()
    await partners.told(partners.commitment())
    killed = partners.new_sender()
    await killed.step()
    async with asyncio.timeout(5):
        while not partners.endpoints.bodies():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    del killed
    await partners.sender.settle()
    assert len(partners.endpoints.bodies()) == 1, "the dead one's lease still runs"
    partners.world.clock.forward(seconds=31)
    await partners.sender.settle()
    assert len(partners.endpoints.bodies()) == 2
    assert len({headers["webhook-id"] for _, headers, _ in partners.endpoints.taken}) == 1
    partners.world.clock.forward(days=2)
    await partners.sender.settle()
    assert len(partners.endpoints.bodies()) == 2
    assert await partners.statuses() == ["delivered"]


async def test_two_senders_never_post_the_same(partners: Any) -> None:
    await partners.subscribe()
    await partners.told(*(partners.commitment(number) for number in range(60)))
    await asyncio.gather(partners.sender.settle(), partners.new_sender().settle())
    ids = [headers["webhook-id"] for _, headers, _ in partners.endpoints.taken]
    assert (len(ids), len(set(ids))) == (60, 60)


async def test_while_an_endpoint_hangs_the_others_get_everything(partners: Any) -> None:
    await partners.subscribe("hang")
    paths = [f"slow-{number}" for number in range(10)]
    for path in paths:
        await partners.subscribe(path)
    await partners.told(*(partners.commitment(number) for number in range(20)))
    patient = Poster(allow_loopback=True, seconds=3600)
    running = asyncio.create_task(partners.new_sender(patient).run())
    async with asyncio.timeout(60):
        while any(partners.endpoints.asked[path] < 20 for path in paths):  # noqa: ASYNC110 - the sender tells nobody
            await asyncio.sleep(0.01)
    # The hanging posts are still under way, and they are few.
    assert 1 <= partners.endpoints.at_once["hang"] <= 4
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def test_a_failing_endpoint_gets_one_post_at_a_time(partners: Any) -> None:
    told = await partners.subscribe("slow")
    await partners.told(*(partners.commitment(number) for number in range(8)))
    await partners.sender.settle()
    assert partners.endpoints.most_at_once["slow"] == 4
    partners.endpoints.most_at_once.clear()
    hung = await partners.subscribe("hang")
    await partners.failing_since(hung.webhook_id, hours=1)
    await partners.told(*(partners.commitment(number) for number in range(3)))
    await partners.sender.settle()
    assert partners.endpoints.most_at_once["hang"] == 1
    assert told.webhook_id != hung.webhook_id


async def test_an_erasure_changes_nothing_of_what_partners_get(partners: Any) -> None:
    await partners.subscribe()
    contact = new_id()
    await partners.told(partners.world.committed(contact))
    async with partners.world.database.transaction() as session:
        await erase_people(session, [contact])
    await partners.sender.settle()
    assert await partners.statuses() == ["delivered"]
    assert str(contact).encode() not in partners.endpoints.bodies()[0]


async def test_a_removed_subscription_leaves_nothing(partners: Any) -> None:
    told = await partners.subscribe()
    await partners.told(partners.commitment())
    await partners.sender.settle()
    await remove_webhook(partners.world.database, told.webhook_id)
    assert (await partners.rows(), await partners.attempts()) == ([], [])


class Broken:
    """A poster with a fault that nobody foresaw."""

    async def post(self, *_: Any) -> Answer:
        raise RuntimeError("nobody foresaw this")


async def test_a_fault_of_ours_is_noted_and_tried_again(partners: Any) -> None:
    await partners.subscribe()
    await partners.told(partners.commitment(1), partners.commitment(2))
    broken = partners.new_sender(Broken())
    await broken.settle()
    assert [row["reason"] for row in await partners.attempts()] == ["internal"] * 2
    partners.world.clock.forward(minutes=30)
    await partners.sender.settle()
    assert await partners.statuses() == ["delivered"] * 2


class Stuck:
    """A poster that never comes back."""

    async def post(self, *_: Any) -> Answer:
        await asyncio.sleep(3600)
        return Answer(0, 200)


async def test_a_sender_that_is_stopped_leaves_what_it_had_in_hand(partners: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("polity_notifications.webhooks.sender.STOPPING_SECONDS", 0.1)
    await partners.subscribe()
    await partners.told(partners.commitment())
    running = asyncio.create_task(partners.new_sender(Stuck()).run())
    async with asyncio.timeout(5):
        while (await partners.rows())[0]["taken_until"] is None:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    assert await partners.statuses() == ["pending"]
    partners.world.clock.forward(seconds=31)
    await partners.sender.settle()
    assert await partners.statuses() == ["delivered"]
