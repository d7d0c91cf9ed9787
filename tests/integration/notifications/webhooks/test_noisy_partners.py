"""Partners with slow names, long backlogs or endpoints that hang leave the others what they need."""

import asyncio
import socket
import threading
from collections import Counter
from typing import Any

import pytest
from polity_notifications.domain.webhooks import MOST_PER_OWNER
from polity_notifications.usecases.ask_for_webhooks import ask_for_webhooks
from polity_notifications.webhooks.posting import RESOLVING_THREADS, Answer, Poster
from polity_notifications.webhooks.sender import AHEAD


async def test_slow_names_of_two_partners_hold_up_no_third(monkeypatch: pytest.MonkeyPatch) -> None:
    let_go, held = threading.Event(), []
    real = socket.getaddrinfo

    def slow(host: Any, *rest: Any) -> Any:
        if "slow" not in str(host):
            return real("127.0.0.1", *rest)
        held.append(host)
        let_go.wait(30)
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    poster = Poster(allow_loopback=True, seconds=20)
    noisy = [
        asyncio.create_task(poster.post(f"https://slow-{owner}-{number}.example/", {}, b"", f"noisy {owner}"))
        for owner in range(2)
        for number in range(2 * RESOLVING_THREADS)
    ]
    try:
        while not held:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        async with asyncio.timeout(10):
            answer = await poster.post("https://quiet.example:1/", {}, b"", "quiet")
        assert answer.reason == "no_connection"
        # A post that ends doesn't free the thread that still asks for its name.
        for task in noisy:
            task.cancel()
        await asyncio.wait(noisy)
        again = asyncio.create_task(poster.post("https://slow-again.example/", {}, b"", "noisy 0"))
        asked = len(held)
        await asyncio.sleep(0.2)
        assert len(held) == asked
        let_go.set()
        assert (await again).reason == "unknown_host"
    finally:
        let_go.set()
        await poster.close()


class Patient:
    """A poster whose endpoints answer nobody until they are let go."""

    def __init__(self) -> None:
        self.let_go = asyncio.Event()

    async def post(self, *_: Any) -> Answer:
        await self.let_go.wait()
        return Answer(1, 200)


async def in_hand(partners: Any) -> Counter[str]:
    """Returns how many deliveries of each owner a sender holds."""
    owners = {row["webhook_id"]: row["owner"] for row in await partners.webhooks()}
    return Counter(owners[row["webhook_id"]] for row in await partners.rows() if row["taken_until"] is not None)


async def backlogs(partners: Any, noisy: int, each: int, facts: int) -> None:
    """Makes as many due deliveries for each endpoint of the noisy owners, whose endpoints take what others get too."""
    for owner in range(noisy):
        for number in range(each):
            await partners.subscribe(f"ok-{owner}-{number}", owner=f"noisy {owner}")
    async with partners.world.database.transaction() as session:
        await ask_for_webhooks(session, [partners.commitment(number) for number in range(facts)])


@pytest.mark.parametrize(
    ("noisy", "each", "facts", "slots"),
    [(2, 1, 2000, 8), (4, MOST_PER_OWNER, 65, None)],
    ids=["two with thousands, few slots", "four with all they may have, as many slots as by default"],
)
async def test_what_is_due_for_a_third_goes_with_the_first_claim(
    partners: Any, noisy: int, each: int, facts: int, slots: int | None
) -> None:
    await backlogs(partners, noisy, each, facts)
    await partners.subscribe(owner="quiet")
    await partners.told(partners.commitment())
    poster = Patient()
    sender = partners.new_sender(poster, **({"webhook_posts_at_once": slots} if slots else {}))
    await sender.step()
    held = await in_hand(partners)
    assert held["quiet"] == 1
    assert len(held) == noisy + 1
    assert max(held.values()) - min(held[f"noisy {owner}"] for owner in range(noisy)) <= each
    assert held.total() <= sender.settings.webhook_posts_at_once * AHEAD


async def test_what_becomes_due_while_noisy_partners_endpoints_hang_is_taken_all_the_same(partners: Any) -> None:
    await backlogs(partners, 2, 1, 200)
    poster = Patient()
    sender = partners.new_sender(poster, webhook_posts_at_once=8)
    while await sender.step():
        pass
    slots = 8 * AHEAD
    assert await in_hand(partners) == {"noisy 0": 42, "noisy 1": 42}
    for number in range(3):
        await partners.subscribe(f"ok-quiet-{number}", owner=f"quiet {number}")
    await partners.told(partners.commitment())
    await sender.step()
    held = await in_hand(partners)
    assert {owner for owner in held if owner.startswith("quiet")} == {"quiet 0", "quiet 1", "quiet 2"}
    assert held.total() <= slots


async def test_what_several_endpoints_of_one_partner_hold_is_one_share(partners: Any) -> None:
    await backlogs(partners, 1, 5, 200)
    await partners.subscribe(owner="quiet")
    await partners.told(*(partners.commitment(number) for number in range(200)))
    sender = partners.new_sender(Patient(), webhook_posts_at_once=8)
    while await sender.step():
        pass
    assert await in_hand(partners) == {"noisy 0": 40, "quiet": 42}
