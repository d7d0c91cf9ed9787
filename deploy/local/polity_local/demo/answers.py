"""The demonstration's cities answer: each reads its mail in the catcher, follows the link and says what it says."""

import asyncio
from collections.abc import Sequence
from datetime import date

import httpx

from polity_local.demo.client import all_items, checked
from polity_local.demo.letterboxes import Letterbox
from polity_local.demo.load import Demo, Loader
from polity_local.demo.waves import WAVES, Invited, Wave, earlier_csv, invited

AT_ONCE = 20


async def answer_to_97(loader: Loader, demo: Demo, letterbox: Letterbox, today: date) -> int:
    """Brings in the earlier waves' pledges, invites the three that are under way and lets them answer.

    Returns how many pledges there are now.

    Repeated, it goes on where it stopped: whoever was invited or has answered is left alone. Raises Refused, and
    TimeoutError when a mail did not arrive.
    """
    register = await _register(loader.http, demo)
    # First, for the numbers of pledges rise with their dates.
    await loader.import_pledges(demo, earlier_csv(register, today))
    for wave in WAVES:
        await _invite(loader, demo, wave, today, register)
    cities = [city for wave in WAVES for city in invited(wave, today)]
    tokens = await letterbox.links([city.address for city in cities if city.interested])
    # The pledges last, for a list of today's answers begins with the newest.
    for pledging in (False, True):
        await _answer_all(
            loader.http, [(c, tokens[c.address]) for c in cities if c.interested and bool(c.pledge) == pledging]
        )
    campaign = f"/v1/campaigns/{demo.campaign_id}"
    # The hundredth is left to the person who tries it.
    checked(await loader.http.post(f"{campaign}/milestones/10/announcement", headers=demo.secretariat))
    return int(checked(await loader.http.get(campaign))["commitments"])


async def _register(http: httpx.AsyncClient, demo: Demo) -> dict[tuple[str, float], str]:
    path = f"/v1/networks/{demo.network_id}/local-governments"
    return {
        (row["name"], round(row["latitude"], 4)): row["local_government_id"]
        async for row in all_items(http, path, demo.secretariat)
    }


async def _invite(loader: Loader, demo: Demo, wave: Wave, today: date, register: dict[tuple[str, float], str]) -> None:
    ids = [register[city.name, city.latitude] for city in invited(wave, today)]
    body = {"wave": wave.name, "local_government_ids": ids, "reply_by": wave.reply_by(today)}
    await loader.post(f"/v1/campaigns/{demo.campaign_id}/invitations", demo.secretariat, body)


async def _answer_all(http: httpx.AsyncClient, cities: Sequence[tuple[Invited, str]]) -> None:
    gate = asyncio.Semaphore(AT_ONCE)
    async with asyncio.TaskGroup() as group:
        for city, token in cities:
            group.create_task(_answer(http, gate, city, token))


async def _answer(http: httpx.AsyncClient, gate: asyncio.Semaphore, city: Invited, token: str) -> None:
    link = {"Authorization": f"Link {token}"}
    async with gate:
        found = checked(await http.get("/v1/answer", headers=link))
        if found["status"] == "invited":
            checked(await http.post("/v1/answer/interest", headers=link))
        if city.pledge and found["status"] != "committed":
            headers = {**link, "Idempotency-Key": f"demo-{found['invitation_id']}"}
            checked(await http.post("/v1/answer/commitment", headers=headers, json=city.pledge))
