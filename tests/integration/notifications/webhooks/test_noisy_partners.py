"""Two partners whose names resolve slowly, or whose endpoints hang, leave the others what they need."""

import asyncio
import socket
import threading
from typing import Any

import pytest
from polity_notifications.domain.webhooks import MOST_PER_OWNER
from polity_notifications.settings import Settings
from polity_notifications.webhooks.posting import RESOLVING_THREADS, Poster


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


def test_two_partners_cannot_hold_all_places() -> None:
    posts = {name: Settings.model_fields[f"webhook_posts_{name}"].default for name in ("per_endpoint", "at_once")}
    assert 2 * MOST_PER_OWNER * posts["per_endpoint"] < posts["at_once"]
