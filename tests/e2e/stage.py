"""What the journeys play on: one network with its campaign and secretariat, and cities that were written to."""

import asyncio
import email
import email.policy
import itertools
import re
import secrets
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
from playwright.async_api import Browser
from polity_chassis.clock import utc_now
from polity_local.demo import letter
from polity_local.demo.client import checked
from polity_local.running.platform import Platform
from polity_local.testing.parts import SmtpSink

HEADING = "name,country,subdivision,latitude,longitude,population,time_zone,language,contact_name,contact_email\n"
SECRETARIAT = "city"
"""The one demo user to whom no other test gives a network, so that the office shows this one alone."""

FAR = [{"threshold": threshold, "due": None, "occasion": {}} for threshold in (100, 1000)]
"""Milestones that no journey comes near: where one is near, the office shows a tour."""


async def until(found: Callable[[], Awaitable[Any]], seconds: float = 60) -> Any:
    """What `found` returns once it is true."""
    deadline = time.monotonic() + seconds
    while not (result := await found()):
        assert time.monotonic() < deadline, "this did not happen in time"
        await asyncio.sleep(0.2)
    return result


def link_in(mails: SmtpSink, address: str, within: str = "/answer/", since: int = 0) -> str | None:
    """The answer link of the first mail to this address, after so many others, that has one with this part."""
    for _, recipients, raw in list(mails.messages)[since:]:
        if address in recipients:
            message = email.message_from_bytes(raw, policy=email.policy.default)
            body = message.get_body(("plain",))
            assert body is not None
            found = re.search(rf"https?://\S+{re.escape(within)}\S+", body.get_content())
            if found:
                return found[0]
    return None


@dataclass
class Stage:
    """The network, and what its secretariat does through the API to set a scene."""

    platform: Platform
    mails: SmtpSink
    network_id: str
    campaign_id: str
    sign_ins: dict[tuple[str, str], Any] = field(default_factory=dict)
    """Cookies of a person's browser, by who signed in and in which language."""
    places: Iterator[int] = field(default_factory=itertools.count)

    async def post(self, path: str, body: Any, user: str = SECRETARIAT) -> Any:
        headers = {"Authorization": f"Bearer {self.platform.token(user)}"}
        content = {"content": body.encode()} if isinstance(body, str) else {"json": body}
        async with httpx.AsyncClient(base_url=self.platform.url, timeout=30) as http:
            return checked(await http.post(path, headers=headers, **content))

    async def get(self, path: str, user: str = SECRETARIAT) -> Any:
        headers = {"Authorization": f"Bearer {self.platform.token(user)}"}
        async with httpx.AsyncClient(base_url=self.platform.url, timeout=30) as http:
            return checked(await http.get(path, headers=headers))

    async def city(self, name: str, language: str) -> str:
        """Imports a city whose contact reads this language, invites it, and returns the link that its mail brought."""
        address = f"{secrets.token_hex(6)}@city.example"
        # A degree apart, or the import asks whether two of like names are one; in Siberia, which has the room.
        north, east = divmod(next(self.places), 70)
        row = f"{name},RU,,{56 + north}.5,{60 + east}.5,1416938,Asia/Yakutsk,{language},Contact,{address}\n"
        await self.post(f"/v1/networks/{self.network_id}/local-government-imports?dry_run=false", HEADING + row)
        found = await self.get(f"/v1/networks/{self.network_id}/local-governments?q={name}")
        body = {
            "wave": f"Wave of {name}",
            "local_government_ids": [row["local_government_id"] for row in found["items"]],
        }
        await self.post(f"/v1/campaigns/{self.campaign_id}/invitations", body)

        async def arrived() -> str | None:
            return link_in(self.mails, address)

        return str(await until(arrived))

    async def answer(self, link: str, *, pledge: bool) -> None:
        """Says by a city's link that it is interested, and pledges."""
        headers = {"Authorization": f"Link {link.rpartition('/')[2]}"}
        body = {
            "signatory_name": "Invented Signatory",
            "signatory_office": "Mayor",
            "signed_on": utc_now().date().isoformat(),
            "themes": list(letter.THEMES)[:3],
        }
        async with httpx.AsyncClient(base_url=self.platform.url, timeout=30) as http:
            checked(await http.post("/v1/answer/interest", headers=headers))
            if pledge:
                checked(await http.post("/v1/answer/commitment", headers=headers, json=body))

    async def decline(self, link: str, reason: str) -> None:
        """Says "not this time" by a city's link."""
        headers = {"Authorization": f"Link {link.rpartition('/')[2]}"}
        async with httpx.AsyncClient(base_url=self.platform.url, timeout=30) as http:
            checked(await http.post("/v1/answer/decline", headers=headers, json={"reason": reason}))

    async def send_letter(self, link: str) -> str:
        """Sends the photo of a signed letter by a city's link; returns the id of its invitation."""
        headers = {"Authorization": f"Link {link.rpartition('/')[2]}", "Tus-Resumable": "1.0.0"}
        photo = b"\xff\xd8\xff\xe0 a letter"
        async with httpx.AsyncClient(base_url=self.platform.url, timeout=30) as http:
            begun = await http.post("/v1/answer/proofs", headers={**headers, "Upload-Length": str(len(photo))})
            piece = {**headers, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
            place = begun.raise_for_status().headers["location"]
            (await http.patch(place, headers=piece, content=photo)).raise_for_status()
            return str(checked(await http.get("/v1/answer", headers=headers))["invitation_id"])

    async def signed_in(self, browser: Browser, language: str, user: str = SECRETARIAT) -> Any:
        """The cookies of somebody who signed in through the page in this language, once for the run."""
        if (user, language) not in self.sign_ins:
            context = await browser.new_context(locale=language)
            page = await context.new_page()
            await page.goto(f"{self.platform.url}/{language}/office")
            await page.locator("#username").press_sequentially(user)
            await page.keyboard.press("Tab")
            await page.keyboard.type(self.platform.demo_password)
            await page.keyboard.press("Enter")
            await page.wait_for_url(f"**/{language}/office")
            self.sign_ins[user, language] = await context.storage_state()
            await context.close()
        return self.sign_ins[user, language]


async def set_stage(platform: Platform, mails: SmtpSink) -> Stage:
    """Makes the network, its secretariat and its campaign."""
    stage = Stage(platform, mails, "", "")
    link = platform.grant_operator("Operator", f"operator-{secrets.token_hex(4)}@polity.example")
    await stage.post("/v1/mandate-links", {"link": link}, "operations")
    mark = secrets.token_hex(4)
    network = {**letter.NETWORK, "name": marked(letter.NETWORK["name"], mark)}
    stage.network_id = (await stage.post("/v1/networks", network, "operations"))["network_id"]
    granted = await stage.post(f"/v1/networks/{stage.network_id}/mandates", mandate(), "operations")
    await stage.post("/v1/mandate-links", {"link": granted["link"]})
    campaign = letter.campaign(utc_now().date())
    # Two campaigns, for a page that shows both has everything twice.
    for title in (f"{mark} B", f"{mark} A"):
        body = {**campaign, "title": marked(campaign["title"], title), "milestones": FAR}
        opened = await stage.post(f"/v1/networks/{stage.network_id}/campaigns", body)
    stage.campaign_id = opened["campaign_id"]
    return stage


def marked(texts: dict[str, str], mark: str) -> dict[str, str]:
    """The same words in every language with something that tells them from another test's."""
    return {code: f"{text} {mark}" for code, text in texts.items()}


def mandate() -> dict[str, Any]:
    """The body that grants a secretariat's mandate to a person nobody knows yet."""
    person = {"name": "Sara Example", "email": f"sara-{secrets.token_hex(4)}@network.example", "language": "en"}
    return {"person": person, "role": "secretariat"}
