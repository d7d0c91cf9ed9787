"""Ten thousand rows of each kind through the gateway: in time, once, projected whole, and not one mail."""

import asyncio
import csv
import io
import secrets
from collections.abc import Iterator, Mapping
from typing import Any

import asyncpg
import httpx
import pytest
from polity_chassis.clock import utc_now
from polity_local.demo.load import Loader
from polity_local.running.platform import Platform
from polity_local.testing.parts import SmtpSink

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
ROWS = 10_000
GATEWAY_SECONDS = 120
HEADING = "name,country,latitude,longitude,time_zone,language,contact_name,contact_email\n"


def places() -> Iterator[dict[str, Any]]:
    """Places a degree apart, so that none resembles another."""
    for number in range(ROWS):
        yield {
            "name": f"Imported {number}", "country": "ES", "latitude": 38 + number % 100 / 25,
            "longitude": number // 100 / 25 - 6, "time_zone": "Europe/Madrid", "language": "es",
            "contact_name": f"Contact {number}", "contact_email": f"contact{number}@imported.example",
        }  # fmt: skip


def pledges(themes: list[str]) -> Iterator[dict[str, Any]]:
    """A pledge of each: of half of the places with a new name, which the register lacks."""
    ranked = dict(zip(("theme1", "theme2", "theme3"), themes, strict=False))
    for number, place in enumerate(places()):
        yield {
            **place, "wave": "2021", "committed_at": f"2021-{number % 11 + 1:02}-{number % 28 + 1:02}",
            "signed_on": "2020-12-31", "signatory_name": f"Signatory {number}", "signatory_office": "Mayor", **ranked,
            "name": f"{'Imported' if number % 2 else 'Quite another place'} {number}",
        }  # fmt: skip


def file_of(rows: Iterator[Mapping[str, Any]]) -> dict[str, bytes]:
    file = io.StringIO()
    first = next(rows)
    writer = csv.DictWriter(file, first)
    writer.writeheader()
    writer.writerow(first)
    writer.writerows(rows)
    return {"file": file.getvalue().encode()}


async def test_ten_thousand_places_and_their_earlier_pledges(platform: Platform, mails: SmtpSink) -> None:
    async with httpx.AsyncClient(base_url=platform.url, timeout=GATEWAY_SECONDS) as http:
        loader = Loader(http, platform.url, platform.demo_password, platform.grant_operator, secrets.token_hex(4))
        demo = await loader.load(utc_now().date(), f"{HEADING}Lone,FR,45,4,Europe/Paris,,,\n")
        http.headers.update(demo.secretariat)
        register = await http.post(f"/v1/networks/{demo.network_id}/local-government-imports", files=file_of(places()))
        assert (register.status_code, register.json()["imported"]) == (200, ROWS)
        campaign = (await http.get(f"/v1/campaigns/{demo.campaign_id}")).json()
        files = file_of(pledges(list(campaign["themes"])))
        imports = f"/v1/campaigns/{demo.campaign_id}/commitment-imports"
        checked = (await http.post(imports, params={"dry_run": "true"}, files=files)).json()
        assert (checked["accepted"], checked["faulty"], checked["proposals"]) == (ROWS, 0, [])
        for _ in range(2):
            done = await http.post(imports, files=files, headers={"Idempotency-Key": demo.campaign_id})
            assert (done.status_code, done.json()["imported"]) == (200, ROWS)
        await projected(http, demo.campaign_id)
        reached = (await http.get(f"/v1/campaigns/{demo.campaign_id}")).json()["milestones"]
        assert [milestone["ordinal"] for milestone in reached] == [10, 100, 1000]
        assert {milestone["announced_at"] for milestone in reached} == {None}
        await notified(platform, demo.campaign_id)
        deliveries = (await http.get("/v1/deliveries", params={"campaign_id": demo.campaign_id})).json()
        assert deliveries["items"] == []
    assert not [to for _, recipients, _ in mails.messages for to in recipients if "imported.example" in to]


async def projected(http: httpx.AsyncClient, campaign_id: str) -> None:
    """Waits until the relay has sent everything and reporting has counted it."""
    wanted = {"invited": ROWS, "committed": ROWS}
    while True:
        totals = (await http.get(f"/v1/progress/{campaign_id}")).json().get("totals", {})
        if {name: totals.get(name) for name in wanted} == wanted:
            return
        await asyncio.sleep(1)


async def notified(platform: Platform, campaign_id: str) -> None:
    """Waits until notifications has applied every commitment's fact too, of which it could make a mail."""
    made = "SELECT array_agg(id::text) FROM commitment WHERE campaign_id = $1::text::uuid"
    ids = await value(platform, "membership", made, campaign_id)
    applied = "SELECT count(*) FROM inbox WHERE key = ANY($1::text[])"
    while await value(platform, "notifications", applied, ids) < ROWS:  # noqa: ASYNC110 - another process
        await asyncio.sleep(1)


async def value(platform: Platform, service: str, query: str, parameter: Any) -> Any:
    connection = await asyncpg.connect(platform.database_url(service).replace("+asyncpg", ""))
    try:
        return await connection.fetchval(query, parameter)
    finally:
        await connection.close()
