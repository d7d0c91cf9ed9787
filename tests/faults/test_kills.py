"""While cities commit at a steady rate something dies: nothing acknowledged is lost, nothing happens twice.

A mail or webhook may go out once more for each delivery that was in flight when notifications or its way died. Partners
with endpoints of every kind get each public fact, or it is visibly given up.
"""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Sequence

import httpx
import pytest
from partners import COMMITMENT, KINDS, MILESTONE, Got, Partners, Subscription, judge
from polity_local.demo.cities import Cities
from polity_local.demo.counting import look
from polity_local.demo.story import run_cities
from polity_local.running.platform import Platform
from polity_local.testing.parts import SmtpSink

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


async def sender_stopped_and_continued(platform: Platform) -> None:
    """What sends mails and webhooks stands still longer than its leases live, and then wakes up."""
    pid = platform.kill("notifications-worker", signal.SIGSTOP)
    await asyncio.sleep(35)
    if platform.pid("notifications-worker") == pid:
        platform.kill("notifications-worker", signal.SIGCONT)


SHORT: dict[str, Fault] = {
    "the relay is killed": killed("membership-relay"),
    "the workers are killed": killed("notifications-worker", "reporting-worker"),
    "PostgreSQL is killed": killed("postgres"),
}
FULL: dict[str, Fault] = {
    "membership's API is killed": killed("membership-api"),
    "Kafka is killed": killed("kafka"),
    "the relay is stopped and continued": relay_stopped_and_continued,
    "the sender is stopped and continued": sender_stopped_and_continued,
    "the relay, the workers and the API are killed": killed(
        "membership-relay", "notifications-worker", "reporting-worker", "membership-api"
    ),
    "the gateway is killed": killed("gateway"),
}


@pytest.mark.parametrize("fault", SHORT.values(), ids=SHORT)
async def test_nothing_is_lost_when(platform: Platform, mails: SmtpSink, partners: Partners, fault: Fault) -> None:
    await _commit_through(platform, mails, partners, fault)


@pytest.mark.faults
@pytest.mark.parametrize("fault", FULL.values(), ids=FULL)
async def test_nothing_is_lost_either_when(
    platform: Platform, mails: SmtpSink, partners: Partners, fault: Fault
) -> None:
    await _commit_through(platform, mails, partners, fault)


async def _commit_through(platform: Platform, mails: SmtpSink, partners: Partners, fault: Fault) -> None:
    campaign: list[str] = []
    subscribed: list[Subscription] = []

    async def drive(cities: Cities, tokens: Sequence[str]) -> None:
        campaign.append(cities.acknowledged.campaign_id)
        subscribed.extend(await partners.subscribe(cities.http, cities.acknowledged.network_id, KINDS))
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
    await _partners_have_it(platform, mails, partners, subscribed, campaign[0])


async def _partners_have_it(
    platform: Platform, mails: SmtpSink, partners: Partners, subscribed: Sequence[Subscription], campaign_id: str
) -> None:
    """Each public fact is delivered to each endpoint, or visibly given up; the slow ones are looked at in the end."""
    seen = await look(platform, campaign_id, mails.messages)
    facts = {fact: COMMITMENT for _, fact in seen.commitment_facts} | {f: MILESTONE for *_, f in seen.milestone_facts}
    assert len(facts) == CITIES + 1
    async with httpx.AsyncClient(base_url=platform.internal_url, timeout=30) as http:
        assert await partners.have(http, subscribed, facts) == []


@pytest.mark.faults
async def test_what_endpoints_never_answered_is_exhausted_for_all_to_see(partners: Partners) -> None:
    """Those of all faults before: each of their posts takes as long as a sender waits."""
    if not partners.slow:
        pytest.skip("no fault was made before")
    waiting = (partners.settle([one], facts) for one, facts in partners.slow.values())
    assert [sentence for found in await asyncio.gather(*waiting) for sentence in found] == []


FACTS = {"f1": COMMITMENT, "f2": MILESTONE}
WELL = {
    "ok": Got({"f1": "delivered", "f2": "delivered"}, {"f1": 1, "f2": 2}, ["f1", "f2", "f2"]),
    "redirecting": Got({"f2": "exhausted"}, {"f2": 8}, []),
    "gone": Got({"f1": "cancelled"}, {"f1": 1}, [], "gone"),
}
WRONG = {
    "a fact that nobody asked for": ("ok", Got({"f1": "delivered"}, {"f1": 1}, ["f1"])),
    "one that still waits": ("ok", Got({"f1": "delivered", "f2": "pending"}, {}, ["f1"])),
    "one noted and never taken": ("ok", Got({"f1": "delivered", "f2": "delivered"}, {}, ["f1"])),
    "one posted again and again": ("ok", Got({"f1": "delivered", "f2": "delivered"}, {}, ["f1", *["f2"] * 3])),
    "one of another type": ("redirecting", Got({"f1": "exhausted", "f2": "exhausted"}, {"f1": 8, "f2": 8}, [])),
    "one given up too soon": ("redirecting", Got({"f2": "exhausted"}, {"f2": 7}, [])),
    "one that waits for an endpoint that is gone": ("gone", Got({"f1": "pending"}, {"f1": 1}, [], "gone")),
    "an endpoint that is gone and goes on": ("gone", Got({"f1": "cancelled"}, {"f1": 1}, [])),
}


def test_the_judgement_of_the_partners_finds_what_is_planted() -> None:
    assert [kind for kind, got in WELL.items() if judge(kind, FACTS, got)] == []
    assert [name for name, (kind, got) in WRONG.items() if not judge(kind, FACTS, got)] == []
