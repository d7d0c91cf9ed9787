"""Whose a delivery is: nobody posts past their lease or overwrites what a later sender noted, whatever clocks say."""

import asyncio
from collections import Counter
from contextlib import suppress
from typing import Any

import pytest
from polity_notifications.storage.webhooks import queue
from polity_notifications.webhooks import sender as sending
from polity_notifications.webhooks.posting import Answer
from polity_notifications.webhooks.sender import WebhookSender


class Scripted:
    """A poster that answers as told, once it is let go on; `began` counts the posts that have begun."""

    def __init__(self, answer: Answer = Answer(1, 200)) -> None:
        self.answer, self.let_go, self.began = answer, asyncio.Event(), 0

    async def post(self, *_: Any) -> Answer:
        self.began += 1
        await self.let_go.wait()
        return self.answer


REFUSED = Answer(1, 500, "status")


async def posting(partners: Any, poster: Scripted) -> WebhookSender:
    """Returns a sender in whose hand the one delivery is, on its way."""
    sender: WebhookSender = partners.new_sender(poster)
    await sender.step()
    async with asyncio.timeout(5):
        while not poster.began:  # noqa: ASYNC110
            await asyncio.sleep(0)
    return sender


async def end(sender: WebhookSender, poster: Scripted) -> None:
    poster.let_go.set()
    await sender.settle()


async def row(partners: Any) -> dict[str, Any]:
    [found] = await partners.rows()
    return dict(found)


@pytest.mark.parametrize(
    ("newer", "status"), [(REFUSED, "pending"), (Answer(1, 200), "delivered")], ids=["refused", "taken"]
)
async def test_an_older_senders_refusal_changes_nothing_that_a_newer_one_noted(
    partners: Any, newer: Answer, status: str
) -> None:
    await partners.subscribe()
    await partners.told(partners.commitment())
    older = Scripted(Answer(1, None, "timeout"))
    first = await posting(partners, older)
    partners.world.clock.forward(seconds=31)
    later = Scripted(newer)
    await end(await posting(partners, later), later)
    noted = await row(partners)
    await end(first, older)
    assert await row(partners) == noted
    assert (noted["status"], noted["tries"], noted["attempts"]) == (status, 1, 1)
    assert [one["reason"] for one in await partners.attempts()] == [newer.reason]


async def test_an_older_senders_success_is_true_whatever_a_newer_one_noted(partners: Any) -> None:
    await partners.subscribe()
    await partners.told(partners.commitment())
    older, later = Scripted(), Scripted(REFUSED)
    first = await posting(partners, older)
    partners.world.clock.forward(seconds=31)
    await end(await posting(partners, later), later)
    await end(first, older)
    assert await partners.statuses() == ["delivered"]
    assert [one["status_code"] for one in await partners.attempts()] == [500, 200]


async def test_what_an_older_sender_gives_back_stays_the_newer_ones(partners: Any) -> None:
    told = await partners.subscribe()
    await partners.told(partners.commitment())
    database = partners.world.database

    async def claimed() -> list[queue.Post]:
        async with database.transaction() as session:
            return await queue.claim(session, {told.webhook_id: 1}, at=0.0, lease=sending.LEASE)

    first = await claimed()
    partners.world.clock.forward(seconds=31)
    assert len(await claimed()) == 1
    async with database.transaction() as session:
        await queue.give_back(session, first)
    assert await claimed() == []


async def test_a_sender_begins_no_post_that_it_may_not_end_within_its_lease(partners: Any, monkeypatch: Any) -> None:
    await partners.subscribe()
    await partners.told(*(partners.commitment(number) for number in range(5)))
    clock = Stopwatch()
    monkeypatch.setattr(sending, "monotonic", clock)
    poster = Scripted()
    sender = partners.new_sender(poster)
    await sender.step()
    async with asyncio.timeout(5):
        while poster.began < 4:  # noqa: ASYNC110
            await asyncio.sleep(0)
    # The fifth waits behind four; what is left of its 30 s would not do for a post of 15.
    clock.seconds = 15.5
    poster.let_go.set()
    while sender._lanes:  # noqa: ASYNC110
        await asyncio.sleep(0)
    assert poster.began == 4
    await sender.settle()
    assert (poster.began, await partners.statuses()) == (5, ["delivered"] * 5)


class Stopwatch:
    """Seconds that stand until they are set."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


async def test_a_sender_that_is_stopped_gives_back_what_it_has_not_begun(partners: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(sending, "STOPPING_SECONDS", 0.1)
    await partners.subscribe()
    await partners.told(*(partners.commitment(number) for number in range(6)))
    poster = Scripted()
    running = asyncio.create_task(partners.new_sender(poster).run())
    async with asyncio.timeout(5):
        while poster.began < 4:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    await partners.sender.settle()
    assert sorted(await partners.statuses()) == ["delivered"] * 2 + ["pending"] * 4
    partners.world.clock.forward(seconds=31)
    await partners.sender.settle()
    assert await partners.statuses() == ["delivered"] * 6


async def test_a_sender_that_is_stopped_notes_what_has_ended(partners: Any) -> None:
    await partners.subscribe()
    await partners.told(partners.commitment())
    poster = Scripted()
    running = asyncio.create_task(partners.new_sender(poster).run())
    async with asyncio.timeout(5):
        while not poster.began:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    running.cancel()
    poster.let_go.set()
    with suppress(asyncio.CancelledError):
        await running
    assert await partners.statuses() == ["delivered"]


@pytest.mark.parametrize("off", [60, -60], ids=["ahead holds some", "behind holds some"])
async def test_two_senders_with_clocks_apart_post_everything_once(partners: Any, off: int) -> None:
    world = partners.world
    await partners.subscribe()
    await partners.told(*(partners.commitment(number) for number in range(20)))
    world.clock.forward(minutes=5)
    poster = Scripted()
    holding = partners.new_sender(poster, runtime=world.runtime_off_by(seconds=off))
    await holding.step()
    other = partners.new_sender(runtime=world.runtime_off_by(seconds=-off))
    await other.settle()
    posted = Counter(headers["webhook-id"] for _, headers, _ in partners.endpoints.taken)
    poster.let_go.set()
    await holding.settle()
    assert poster.began + posted.total() == 20
    assert set(posted.values()) <= {1}
    world.clock.forward(minutes=10)
    await other.settle()
    assert (len(partners.endpoints.taken), await partners.statuses()) == (posted.total(), ["delivered"] * 20)
