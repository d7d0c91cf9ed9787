"""When an endpoint counts as failing, how long it is left alone, and what it gets once it takes something again."""

import asyncio
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from polity_notifications.domain.webhooks import FAILING_FOR_GOOD, MOST_HELD, OURS_AGAIN, RETRIES, SILENCE
from polity_notifications.storage.webhooks import delivery_log, queue
from polity_notifications.usecases.manage_webhooks import enable_webhook, pause_webhook
from polity_notifications.webhooks.posting import Answer


async def fail(partners: Any) -> None:
    """One more fact is posted and not taken."""
    await partners.told(partners.commitment())
    await partners.sender.settle()


async def disabled(partners: Any, told: Any) -> str | None:
    reason: str | None = (await partners.webhook(told.webhook_id))["disabled_reason"]
    return reason


async def test_a_pause_is_no_time_in_which_an_endpoint_failed(partners: Any) -> None:
    told = await partners.subscribe("flaky")
    await fail(partners)
    await pause_webhook(partners.world.database, told.webhook_id, paused=True)
    for _ in range(12):
        partners.world.clock.forward(hours=12)
        await fail(partners)
    await pause_webhook(partners.world.database, told.webhook_id, paused=False)
    await fail(partners)
    assert await disabled(partners, told) is None
    row = await partners.webhook(told.webhook_id)
    assert (row["failing_since"], row["failing_for"]) == (partners.world.clock.now, timedelta())


async def test_silence_is_no_time_in_which_an_endpoint_failed(partners: Any) -> None:
    told = await partners.subscribe("flaky")
    for _ in range(3):
        await fail(partners)
        partners.world.clock.forward(days=6)
    assert await disabled(partners, told) is None
    assert set(await partners.statuses()) == {"pending"}


async def test_five_days_of_tries_in_vain_disable(partners: Any) -> None:
    told = await partners.subscribe("flaky")
    since = partners.world.clock.now
    while await disabled(partners, told) is None:
        partners.world.clock.forward(hours=12)
        await fail(partners)
    assert await disabled(partners, told) == "failing"
    assert partners.world.clock.now - since == FAILING_FOR_GOOD + timedelta(hours=12)
    await enable_webhook(partners.world.database, told.webhook_id)
    await fail(partners)
    assert await disabled(partners, told) is None


class Broken:
    async def post(self, *_: Any) -> Answer:
        raise RuntimeError("nobody foresaw this")


@pytest.mark.parametrize("reason", ["internal", "key_missing"])
async def test_faults_of_ours_use_up_nothing_of_the_partners(partners: Any, reason: str) -> None:
    told = await partners.subscribe()
    await partners.told(partners.commitment())
    keys = type("Keys", (), {"root": {}})()
    sender = partners.new_sender(Broken()) if reason == "internal" else partners.new_sender(webhook_keys=keys)
    for _ in range(20):
        await sender.settle()
        partners.world.clock.forward(hours=12)
    [row] = await partners.rows()
    assert (row["status"], row["tries"], row["attempts"]) == ("pending", 0, 20)
    assert row["due_at"] == partners.world.clock.now - timedelta(hours=12) + OURS_AGAIN
    assert {one["reason"] for one in await partners.attempts()} == {reason}
    webhook = await partners.webhook(told.webhook_id)
    assert (webhook["disabled_reason"], webhook["failing_since"]) == (None, None)
    await partners.sender.settle()
    assert await partners.statuses() == ["delivered"]


@pytest.mark.parametrize(
    ("asked", "wait"),
    [
        ("120", timedelta(seconds=120)),
        ("date", timedelta(minutes=2)),
        ("9999999", MOST_HELD),
        ("yesterday", None),
        ("-5", None),
        ("1.5", None),
        ("past", timedelta()),
        ("٣", None),
    ],
)
async def test_an_endpoint_is_left_alone_for_as_long_as_it_asks(
    partners: Any, asked: str, wait: timedelta | None
) -> None:
    world = partners.world
    dates = {"date": timedelta(minutes=2), "past": -timedelta(days=1)}
    partners.endpoints.retry_after = (
        format_datetime(world.clock.now + dates[asked], usegmt=True) if asked in dates else asked
    )
    told = await partners.subscribe("busy")
    await partners.told(partners.commitment(1))
    await partners.sender.settle()
    [attempt] = await partners.attempts()
    assert (attempt["status_code"], attempt["held"]) == (503, wait)
    [row] = await partners.rows()
    assert row["due_at"] >= world.clock.now + max(wait or timedelta(), RETRIES[0])
    until = (await partners.webhook(told.webhook_id))["held_until"]
    assert until == world.clock.now + (wait or timedelta())
    # Not only what it was that it could not take: everything waits.
    partners.endpoints.failing = False
    world.clock.now = until - timedelta(seconds=1)
    await partners.told(partners.commitment(2))
    await partners.sender.settle()
    if wait:
        assert partners.endpoints.asked["busy"] == 1
    world.clock.now = until + timedelta(seconds=7)
    await partners.sender.settle()
    assert await partners.statuses() == ["delivered"] * 2


async def test_what_is_taken_meanwhile_does_not_end_the_wait_that_was_asked_for(partners: Any) -> None:
    told = await partners.subscribe("busy")
    partners.endpoints.retry_after = "3600"
    await fail(partners)
    database = partners.world.database
    async with database.transaction() as session:
        await queue.judge(session, well=[told.webhook_id], ill={}, silence=SILENCE)
    partners.world.clock.forward(minutes=59)
    await partners.sender.settle()
    assert partners.endpoints.asked["busy"] == 1
    partners.world.clock.forward(minutes=1)
    await partners.sender.settle()
    assert partners.endpoints.asked["busy"] == 2


async def test_the_log_says_what_was_asked_for_and_when_it_is_tried_next(partners: Any) -> None:
    told = await partners.subscribe("busy")
    partners.endpoints.retry_after = "3600"
    await fail(partners)
    await partners.told(partners.commitment(2))
    async with partners.world.database.transaction() as session:
        page = type("Wanted", (), {"limit": 10, "after": None})()
        found = await delivery_log.deliveries(session, told.webhook_id, None, page, newest_first=False)
        attempts = await delivery_log.attempts(session, [row.delivery_id for row in found])
    assert {row.due_at for row in found} == {partners.world.clock.now + timedelta(hours=1)}
    assert [one.held for one in attempts] == [timedelta(hours=1)]


async def test_a_recovered_endpoint_waits_out_no_old_delays(partners: Any) -> None:
    await partners.subscribe("flaky")
    await partners.told(partners.commitment(1))
    for _ in range(4):
        await partners.sender.settle()
        [row] = await partners.rows()
        partners.world.clock.now = row["due_at"]
    await partners.sender.settle()
    [row] = await partners.rows()
    assert row["due_at"] > partners.world.clock.now + timedelta(hours=4)
    partners.endpoints.failing = False
    await partners.told(partners.commitment(2))
    await partners.sender.settle()
    await partners.sender.settle()
    assert await partners.statuses() == ["delivered"] * 2


async def test_two_senders_that_judge_the_same_endpoints_never_wait_for_each_other(partners: Any) -> None:
    first, second = await partners.subscribe("ok-1"), await partners.subscribe("ok-2")
    database = partners.world.database

    async def judge(well: Any, ill: Any) -> None:
        async with database.transaction() as session:
            values = {"well": [well.webhook_id], "ill": {ill.webhook_id: timedelta()}, "silence": SILENCE}
            await queue.judge(session, **values)

    async with asyncio.timeout(30):
        for _ in range(20):
            for told in (first, second):
                await partners.failing_since(told.webhook_id, hours=1)
            await asyncio.gather(judge(first, second), judge(second, first))
