"""Cities at once from the invitation to the verdict, on a running platform whose mails go to a counting sink."""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import httpx

from polity_local.demo.cities import Acknowledged, Cities, Mail, Stack, answer_links, prepare, wait_until
from polity_local.demo.counting import Verdict, judge, look

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
    demo, invited = await prepare(stack, http, cities, mark, datetime.now(UTC).date())
    acknowledged = Acknowledged(demo.campaign_id, demo.network_id, invited=invited)

    def links() -> dict[str, str]:
        return {to: token for to, token in answer_links(mails).items() if to.startswith(f"city-{mark}-")}

    await wait_until(lambda: len(links()) >= cities, SETTLE_SECONDS, "not every invitation was mailed")
    return acknowledged, list(links().values())


async def settle(stack: Stack, mails: Sequence[Mail], acknowledged: Acknowledged) -> Verdict:
    """Waits until every store has what was acknowledged, then returns the verdict; a store that never has it is lost.

    The verdict is the same twice, a second apart: what doubles late is seen too.
    """
    deadline = time.monotonic() + SETTLE_SECONDS
    while True:
        verdict = judge(acknowledged, THRESHOLDS, await look(stack, acknowledged.campaign_id, mails))
        if not verdict.lost or time.monotonic() > deadline:
            await asyncio.sleep(1)
            return judge(acknowledged, THRESHOLDS, await look(stack, acknowledged.campaign_id, mails))
        await asyncio.sleep(0.5)


async def run_cities(stack: Stack, mails: Sequence[Mail], cities: int, drive: Drive) -> dict[str, Any]:
    """Invites `cities`, lets `drive` make them answer, and returns the counted outcome, ready for JSON."""
    # A city's phone waits longer than a benchmark would.
    limits = httpx.Limits(max_connections=200, max_keepalive_connections=200)
    async with httpx.AsyncClient(base_url=stack.internal_url, timeout=30, limits=limits) as http:
        acknowledged, tokens = await invite(stack, mails, http, cities)
        began = time.monotonic()
        await drive(Cities(http, acknowledged), tokens)
        acknowledged.seconds = time.monotonic() - began
        verdict = await settle(stack, mails, acknowledged)
        progress = (await http.get(f"/v1/progress/{acknowledged.campaign_id}")).json()
    seen = await look(stack, acknowledged.campaign_id, mails)
    return {
        "invited": acknowledged.invited,
        "interested": len(acknowledged.interested),
        "committed": len(acknowledged.committed),
        "milestones": [{"threshold": t, "ordinal": o} for t, o in sorted(seen.milestones)],
        "mails": sum(1 for delivery, *_ in seen.deliveries if delivery in set(seen.mails)),
        "projected": progress["totals"],
        "seconds": round(acknowledged.seconds, 2),
        "lost": len(verdict.lost),
        "doubled": len(verdict.doubled) + verdict.doubled_mails,
        "doubled_mails": verdict.doubled_mails,
        "sentences": [*verdict.lost, *verdict.doubled],
    }
