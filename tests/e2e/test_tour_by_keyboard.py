"""The tour of ten minutes, by keyboard: a faulty row, three cities, one of them on paper, and the milestone."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from browsing import READERS, Person, person
from playwright.async_api import Browser, Locator, expect
from polity_chassis.clock import utc_now
from polity_local.demo import letter
from stage import Stage, link_in, mandate, marked, until
from test_journeys import fill, interested, pledge, record_letter, saved

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

THRESHOLD = 3
"""So near that the tour's three pledges reach it; the demonstration's is 100, with 97 before the tour."""


@pytest_asyncio.fixture
async def office(stage: Stage, request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """The network of a tour, which ends with its test: each has one of its own."""
    mark = f"tour {request.node.callspec.id}"
    network = {**letter.NETWORK, "name": marked(letter.NETWORK["name"], mark)}
    network_id = (await stage.post("/v1/networks", network, "operations"))["network_id"]
    granted = await stage.post(f"/v1/networks/{network_id}/mandates", mandate(), "operations")
    await stage.post("/v1/mandate-links", {"link": granted["link"]})
    campaign = letter.campaign(utc_now().date())
    body = {
        **campaign,
        "title": marked(campaign["title"], mark),
        "milestones": [{"threshold": THRESHOLD, "due": None, "occasion": {}}],
    }
    yield (await stage.post(f"/v1/networks/{network_id}/campaigns", body))["campaign_id"]
    await stage.post(f"/v1/mandates/{granted['mandate_id']}/end", {}, "operations")


class Guest:
    """Whoever takes the tour: a clerk at the office, and the cities they play."""

    def __init__(self, chromium: Browser, stage: Stage, clerk: Person) -> None:
        self.chromium, self.stage, self.clerk = chromium, stage, clerk
        self.home = f"{stage.platform.url}/{clerk.language}/office"
        self.began = len(stage.mails.messages)

    def tour(self) -> Locator:
        return self.clerk.page.locator("section.tour")

    async def at(self, done: int) -> Locator:
        """Opens the office, which says how many steps are done; returns the step that is open."""
        await self.clerk.open(self.home)
        numbers = {"done": self.clerk.number(done), "all": self.clerk.number(6)}
        await expect(self.tour()).to_contain_text(self.clerk.say("%(done)s of %(all)s done", **numbers))
        return self.tour().locator("li[aria-current=step]")

    async def download(self, name: str, step: Locator, folder: Path) -> Path:
        """Reaches a file's link in this step and keeps what it gives."""
        await self.clerk.reach(self.clerk.control("link", self.clerk.say(name), step))
        async with self.clerk.page.expect_download() as begun:
            await self.clerk.page.keyboard.press("Enter")
        file = await begun.value
        await file.save_as(folder / file.suggested_filename)
        return folder / file.suggested_filename

    async def link(self, city: str) -> str:
        """The link in the city's message of this very tour, which speaks its language."""

        async def arrived() -> str | None:
            return link_in(
                self.stage.mails, f"mayor@{city.lower()}.example", f"/{self.clerk.language}/answer/", since=self.began
            )

        return str(await until(arrived))


@pytest.mark.parametrize(("language", "width"), READERS)
async def test_ten_minutes_in_six_steps(
    chromium: Browser, stage: Stage, office: str, tmp_path: Path, language: str, width: int
) -> None:
    cookies = await stage.signed_in(chromium, language)
    async with person(chromium, language, width, storage_state=cookies) as clerk:
        guest = Guest(chromium, stage, clerk)
        await _import(guest, tmp_path)
        await _invite(guest)
        await _answer(guest)
        step = await guest.at(4)
        photo = await guest.download("Download the photo", step, tmp_path)
        await clerk.go("link", clerk.say("Record the answer"), step)
        await record_letter(clerk, photo)
        step = await guest.at(5)
        await clerk.go("link", clerk.say("Open the campaign"), step)
        await clerk.look(walk=True)
        words = clerk.say("Announce the milestone of %(threshold)s", threshold=clerk.number(THRESHOLD))
        await clerk.go("button", words)
        await guest.at(6)
        await clerk.look(walk=True)
        await _look_behind(guest, office)


async def _import(guest: Guest, folder: Path) -> None:
    """Step 1: the check names the impossible latitude, which is corrected on the page."""
    clerk = guest.clerk
    step = await guest.at(0)
    await clerk.look(walk=True)
    await clerk.open(guest.home)
    file = await guest.download("Download the file", step, folder)
    await clerk.go("link", clerk.say("Open the import page"), step)
    await clerk.attach("#file", file)
    await clerk.go("button", clerk.say("Check the file"))
    await clerk.look(walk=True)
    await clerk.reach(clerk.page.locator("[aria-invalid=true]"))
    await clerk.page.keyboard.press("Control+A")
    await clerk.page.keyboard.type("53.02")
    await clerk.go("button", clerk.say("Save and check again"))
    await clerk.look(walk=True)
    await clerk.reach(clerk.page.locator("button[value=import]"))
    async with clerk.page.expect_navigation():
        await clerk.page.keyboard.press("Enter")
    await expect(clerk.page.get_by_role("status")).to_contain_text(clerk.number(3))


async def _invite(guest: Guest) -> None:
    """Step 2: the three are ticked and the wave is sent."""
    clerk = guest.clerk
    step = await guest.at(1)
    await clerk.go("link", clerk.say("Choose and invite"), step)
    await clerk.look(walk=True)
    await clerk.open(clerk.page.url)
    for city in ("Samplefield", "Samplehaven", "Sampleton"):
        await clerk.tick(re.compile(city))
    await clerk.go("button", clerk.say("Invite the chosen ones"))
    await clerk.look(walk=True)
    await clerk.write(clerk.say("Name of this wave"), "Tour")
    await clerk.go("button", clerk.say("Send the invitations"))
    await clerk.look()


async def _answer(guest: Guest) -> None:
    """Steps 3 and 4: one city answers at once; in the other an officer begins and the mayor goes on."""
    clerk = guest.clerk
    await guest.at(2)
    async with person(guest.chromium, clerk.language, clerk.width) as mayor:
        await interested(mayor, await guest.link("Samplefield"))
        await fill(mayor, "Invented Mayor", "Mayor")
        await saved(mayor)
        await pledge(mayor, "Samplefield")
    await guest.at(3)
    link = await guest.link("Samplehaven")
    async with person(guest.chromium, clerk.language, clerk.width) as officer:
        await interested(officer, link)
        await officer.write(officer.say("Name of who signs"), "Invented Officer")
        await officer.go("button", officer.say("Save and go on later"))
        await saved(officer)
    async with person(guest.chromium, clerk.language, clerk.width) as mayor:
        await mayor.open(link)
        await expect(mayor.page.locator("#signatory_name")).to_have_value("Invented Officer")
        await fill(mayor, "Invented Mayor", "Mayor", (3, 2, 1))
        await saved(mayor)
        await pledge(mayor, "Samplehaven")


async def _look_behind(guest: Guest, campaign_id: str) -> None:
    """What happened to the message leads to the trace; the public page says that the milestone was announced."""
    clerk = guest.clerk
    await clerk.open(guest.home)
    await clerk.go("link", clerk.say("what happened to the message to %(city)s?", city="Samplefield"))
    await clerk.look()
    await clerk.reach(clerk.page.locator("tbody th a").last)
    async with clerk.page.expect_navigation():
        await clerk.page.keyboard.press("Enter")
    await clerk.look(walk=True)
    trace = clerk.control("link", clerk.say("See the trace"))
    await clerk.reach(trace)
    assert re.search(r"/[0-9a-f]{32}$", await trace.get_attribute("href") or "")
    await clerk.open(f"{guest.stage.platform.url}/{clerk.language}/campaigns/{campaign_id}")
    await clerk.look()
