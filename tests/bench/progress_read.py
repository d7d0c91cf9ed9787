"""The public read of a campaign's progress through gateway and token, against the same request to the service itself.

The campaign has a thousand answers from fifty countries. `not modified` sends the ETag along, as a page does that looks
again: then the service reads one row, and the gateway's own cost shows most. Every request is traced on both sides; no
collector takes the spans.
"""

import asyncio
import statistics
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
from http_load import Request, answered
from polity_chassis.clock import utc_now
from polity_chassis.database.urls import driver_url
from polity_local.running.platform import Platform

ANSWERS = 1000
REQUESTS = 2000


async def measure(platform: Platform, runs: int = 5) -> dict[str, Any]:
    """Returns both rates of whole answers in requests/s as medians over `runs` alternated runs, and their ratio."""
    return await _measure(platform, runs, status=200)


async def measure_not_modified(platform: Platform, runs: int = 5) -> dict[str, Any]:
    """Returns the same for requests that are answered 304."""
    return await _measure(platform, runs, status=304)


async def _measure(platform: Platform, runs: int, *, status: int) -> dict[str, Any]:
    await asyncio.to_thread(platform.stack.start, ["reporting-api", "keycloak", "gateway"])
    path = f"/v1/progress/{await _fill(platform.database_url('reporting'))}"
    headers = await asyncio.to_thread(_headers, platform, path, status)
    gateway = [Request("GET", f"{platform.url}{path}", headers)] * REQUESTS
    direct = [Request("GET", f"{platform.service_url('reporting')}{path}", headers)] * REQUESTS
    ours, peer = [], []
    for _ in range(runs + 1):  # the first of each warms up
        ours.append((await answered(gateway, status=status)).per_second)
        peer.append((await answered(direct, status=status)).per_second)
    through, past = statistics.median(ours[1:]), statistics.median(peer[1:])
    return {
        "name": f"progress read through gateway and token, {status}",
        "ours": round(through),
        "peer": round(past),
        "ratio": round(through / past, 2),
        "unit": "requests/s",
        "peer_name": "the same request to the service itself",
        "runs": runs,
    }


def _headers(platform: Platform, path: str, status: int) -> dict[str, str]:
    headers = {"Authorization": f"Bearer {platform.token('secretariat')}"}
    if status == 304:
        headers["If-None-Match"] = httpx.get(f"{platform.url}{path}", headers=headers).headers["ETag"]
    return headers


async def _fill(url: str) -> UUID:
    campaign, began = uuid4(), utc_now() - timedelta(days=60)
    places = [(uuid4(), f"City {n}", f"C{n % 50:02}", f"{n % 5:03}") for n in range(ANSWERS)]
    answers = [
        (
            *(campaign, place[0], began, began + timedelta(hours=n) if n % 4 else None),
            *((began + timedelta(hours=n + 5), n + 1, f"theme-{n % 5}") if n % 2 else (None, None, None)),
        )
        for n, place in enumerate(places)
    ]
    connection = await asyncpg.connect(driver_url(url))
    try:
        await connection.execute(
            """INSERT INTO campaign (campaign_id, version, title, fallback_language, time_zone, themes, milestones,
                                     demonstration)
               VALUES ($1, 1, '{"en": "Bench"}', 'en', 'Europe/Madrid', '{}', '[]', true)""",
            campaign,
        )
        await connection.copy_records_to_table(
            "local_government", records=places, columns=("local_government_id", "name", "country", "region")
        )
        await connection.copy_records_to_table(
            "answer",
            records=answers,
            columns=("campaign_id", "local_government_id", "invited_at", "interested_at", "committed_at", "ordinal",
                     "first_theme"),
        )  # fmt: skip
    finally:
        await connection.close()
    return campaign
