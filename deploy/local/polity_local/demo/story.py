"""Cities at once from the invitation to the verdict, on a running platform whose mails go to a counting sink."""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import httpx
from polity_chassis.clock import utc_now

from polity_local.demo.cities import Acknowledged, Cities, Mail, Stack, answer_links, prepare, wait_until
from polity_local.demo.counting import Seen, Verdict, judge, look

THRESHOLDS = (10, 100, 1000)
SETTLE_SECONDS = 90.0

Drive = Callable[[Cities, Sequence[str]], Awaitable[None]]
"""Lets the cities with these link tokens answer."""


async def invite(
    stack: Stack, mails: Sequence[Mail], http: httpx.AsyncClient, cities: int
) -> tuple[Acknowledged, list[str]]:
    """Prepares a campaign, invites `cities` invented cities and waits for their mails.

    Returns what was acknowledged so far and the link token of each city. Raises TimeoutError.
    """
    mark = secrets.token_hex(4)
    demo, invited = await prepare(stack, http, cities, mark, utc_now().date())
    acknowledged = Acknowledged(demo.campaign_id, demo.network_id, invited=invited)

    def own() -> list[Mail]:
        return [mail for mail in mails if mail[1][0].startswith(f"city-{mark}-")]

    # Reading a mail costs more than looking at whom it is for, so they are read once, when all are there.
    def everyone() -> bool:
        return len({recipients[0] for _, recipients, _ in own()}) >= cities

    await wait_until(everyone, SETTLE_SECONDS, "not every invitation was mailed")
    return acknowledged, list(answer_links(own()).values())


async def settle(stack: Stack, mails: Sequence[Mail], acknowledged: Acknowledged) -> tuple[Verdict, Seen]:
    """Waits until every store has what was acknowledged; returns the verdict and what it was made from.

    What a store never gets is lost. The last look is a second later, so that what doubles late is seen too.
    """
    deadline = time.monotonic() + SETTLE_SECONDS
    while judge(acknowledged, THRESHOLDS, await look(stack, acknowledged.campaign_id, mails)).lost:
        if time.monotonic() > deadline:
            break
        await asyncio.sleep(0.5)
    await asyncio.sleep(1)
    seen = await look(stack, acknowledged.campaign_id, mails)
    return judge(acknowledged, THRESHOLDS, seen), seen


async def run_cities(stack: Stack, mails: Sequence[Mail], cities: int, drive: Drive) -> dict[str, Any]:
    """Invites `cities`, lets `drive` make them answer, and returns the counted outcome, ready for JSON."""
    # A city's phone waits longer than a benchmark would.
    limits = httpx.Limits(max_connections=200, max_keepalive_connections=200)
    async with httpx.AsyncClient(base_url=stack.internal_url, timeout=30, limits=limits) as http:
        acknowledged, tokens = await invite(stack, mails, http, cities)
        began = time.monotonic()
        await drive(Cities(http, acknowledged), tokens)
        seconds = time.monotonic() - began
        verdict, seen = await settle(stack, mails, acknowledged)
        progress = (await http.get(f"/v1/progress/{acknowledged.campaign_id}")).json()
    sent = set(seen.mails)
    return {
        "invited": acknowledged.invited,
        "interested": len(acknowledged.interested),
        "committed": len(acknowledged.committed),
        "milestones": [{"threshold": t, "ordinal": o} for t, o in sorted(seen.milestones)],
        "mails": sum(1 for delivery, *_ in seen.deliveries if delivery in sent),
        "projected": progress["totals"],
        "seconds": round(seconds, 2),
        "lost": len(verdict.lost),
        "doubled": len(verdict.doubled) + verdict.doubled_mails,
        "doubled_mails": verdict.doubled_mails,
        "sentences": [*verdict.lost, *verdict.doubled],
    }
