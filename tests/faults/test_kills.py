"""While cities commit at a steady rate something dies: nothing acknowledged is lost, nothing happens twice.

A mail may go out once more for each delivery that was in flight when notifications or the mail's way died.
"""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Sequence

import pytest
from polity_local.demo.cities import Cities
from polity_local.demo.story import run_cities
from polity_local.platform import Platform
from polity_local.testing import SmtpSink

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

CITIES = 60
PER_SECOND = 10.0
FAULT_AFTER_SECONDS = 2.0
RECOVERED_WITHIN_SECONDS = 60.0
MAILS_IN_FLIGHT = 10
"""At most so many deliveries are with the mail server at once (the sender's concurrency)."""

Fault = Callable[[Platform], Awaitable[None]]


def killed(*names: str) -> Fault:
    """Returns a fault that kills each named program with SIGKILL at the same moment."""

    async def fault(platform: Platform) -> None:
        for name in names:
            platform.kill(name)

    return fault


async def relay_stopped_and_continued(platform: Platform) -> None:
    """The relay stands still longer than its lock lives, while another takes over, and then wakes up."""
    pid = platform.kill("membership-relay", signal.SIGSTOP)
    await asyncio.sleep(8)
    if platform.pid("membership-relay") == pid:
        platform.kill("membership-relay", signal.SIGCONT)


SHORT: dict[str, Fault] = {
    "the relay is killed": killed("membership-relay"),
    "the workers are killed": killed("notifications-worker", "reporting-worker"),
    "PostgreSQL is killed": killed("postgres"),
}
FULL: dict[str, Fault] = {
    "membership's API is killed": killed("membership-api"),
    "Kafka is killed": killed("kafka"),
    "the relay is stopped and continued": relay_stopped_and_continued,
    "the relay, the workers and the API are killed": killed(
        "membership-relay", "notifications-worker", "reporting-worker", "membership-api"
    ),
    "the gateway is killed": killed("gateway"),
}


@pytest.mark.parametrize("fault", SHORT.values(), ids=SHORT)
async def test_nothing_is_lost_when(platform: Platform, mails: SmtpSink, fault: Fault) -> None:
    await _commit_through(platform, mails, fault)


@pytest.mark.faults
@pytest.mark.parametrize("fault", FULL.values(), ids=FULL)
async def test_nothing_is_lost_either_when(platform: Platform, mails: SmtpSink, fault: Fault) -> None:
    await _commit_through(platform, mails, fault)


async def _commit_through(platform: Platform, mails: SmtpSink, fault: Fault) -> None:
    async def drive(cities: Cities, tokens: Sequence[str]) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(cities.at_a_steady_rate(tokens, PER_SECOND))
            await asyncio.sleep(FAULT_AFTER_SECONDS)
            await fault(platform)
            # Nobody lends a hand: the supervisor restarts, the rest finds its way back.
            await asyncio.to_thread(platform.wait_healthy, RECOVERED_WITHIN_SECONDS)

    outcome = await run_cities(platform, mails.messages, CITIES, drive)
    assert outcome["sentences"] == []
    assert outcome["committed"] == CITIES
    assert outcome["milestones"] == [{"threshold": 10, "ordinal": 10}]
    assert outcome["projected"]["committed"] == CITIES
    assert outcome["doubled_mails"] <= MAILS_IN_FLIGHT
