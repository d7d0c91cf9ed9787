"""The tour as a newcomer walks it, without scripts, on the demonstration as ./dev up loads it: from 97 to 100."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, expect
from polity_chassis.clock import utc_now
from polity_local.demo.letterboxes import Letterbox
from polity_local.demo.load import Demo
from polity_local.demo.whole import load_whole
from polity_local.running.platform import Platform, start_platform

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def shown() -> Iterator[Platform]:
    """A platform of its own, whose mails go to the mail catcher as they do in ./dev up."""
    with start_platform() as running:
        yield running


@pytest_asyncio.fixture(scope="module")
async def demo(shown: Platform) -> Demo:
    return await load_whole(shown)


@dataclass
class Newcomer:
    """Somebody at a browser without scripts."""

    platform: Platform
    page: Page

    @property
    def office(self) -> str:
        return f"{self.platform.url}/en/office"

    def link(self, name: str) -> Locator:
        """A link of the step that the tour has come to; the one to begin with looks like a button."""
        return self.page.locator(".tour li[aria-current=step] a", has_text=name)

    async def step(self, number: int) -> None:
        """Goes to the first page of the office and sees which step the tour has come to."""
        await self.page.goto(self.office)
        await expect(self.page.locator(".tour header strong")).to_have_text(f"{number - 1} of 6 done")
        await expect(self.page.locator(".tour li[aria-current=step] .mark")).to_have_text(str(number))

    async def follow(self, name: str) -> None:
        """Follows a link of the step that the tour has come to."""
        await self.link(name).click()

    async def save(self, name: str) -> bytes:
        """Downloads what a link of that step offers."""
        address = await self.link(name).get_attribute("href")
        return await (await self.page.request.get(f"{self.platform.url}{address}")).body()

    async def open_letter(self, address: str) -> None:
        """Follows the link in the message, which the mail catcher shows."""
        async with httpx.AsyncClient(base_url=self.platform.mail_url, timeout=30) as catcher:
            token = (await Letterbox(catcher).links([address]))[address]
        await self.page.goto(f"{self.platform.url}/en/answer/{token}")

    async def sign_in(self) -> None:
        await self.page.goto(self.office)
        await self.page.fill("#username", "secretariat")
        await self.page.fill("#password", self.platform.demo_password)
        await self.page.click("#kc-login")


@pytest_asyncio.fixture
async def newcomer(shown: Platform, demo: Demo, chromium: Browser) -> Newcomer:
    context = await chromium.new_context(viewport={"width": 1280, "height": 900}, java_script_enabled=False)
    found = Newcomer(shown, await context.new_page())
    await found.sign_in()
    return found


async def test_ten_minutes_lead_from_a_faulty_row_to_the_hundredth(newcomer: Newcomer, demo: Demo) -> None:
    page = newcomer.page
    await newcomer.step(1)
    await expect(page.locator(".desk .big")).to_have_text("97")
    await _grown_over_weeks(newcomer.platform, demo)
    await _import_and_correct(newcomer)
    await newcomer.step(2)
    await _invite(newcomer)
    await newcomer.step(3)
    await newcomer.open_letter("mayor@samplefield.example")
    await page.click("text=We are interested")
    await _pledge(page, "Ann Invented")
    await newcomer.step(4)
    await _officer_then_mayor(newcomer)
    await newcomer.step(5)
    await _on_paper(newcomer)
    await newcomer.step(6)
    await newcomer.follow("Open the campaign")
    await page.get_by_role("button", name="Announce the milestone of 100").click()
    await expect(page.locator(".ok")).to_contain_text("is announced")
    await page.goto(newcomer.office)
    await expect(page.locator(".tour header strong")).to_have_text("6 of 6 done")
    await expect(page.locator(".desk .big")).to_have_text("100")
    await _look_behind(newcomer, demo)


async def _grown_over_weeks(platform: Platform, demo: Demo) -> None:
    """The pledges brought in have dates of earlier weeks; so has the milestone that they reached."""
    async with httpx.AsyncClient(base_url=platform.url, timeout=30) as http:
        campaign = (await http.get(f"/v1/campaigns/{demo.campaign_id}")).json()
        ten = next(each for each in campaign["milestones"] if each["threshold"] == 10)
        assert utc_now() - datetime.fromisoformat(ten["reached_at"]) > timedelta(days=30)
        assert ten["announced_at"]
        before = (utc_now() - timedelta(days=20)).isoformat()
        then = (await http.get(f"/v1/progress/{demo.campaign_id}", params={"as_of": before})).json()
        assert 24 <= then["totals"]["committed"] < 57


async def _import_and_correct(newcomer: Newcomer) -> None:
    page = newcomer.page
    file = await newcomer.save("Download the file")
    await newcomer.follow("Open the import page")
    await page.set_input_files("#file", {"name": "three-cities.csv", "mimeType": "text/csv", "buffer": file})
    await page.click("text=Check the file")
    await page.get_by_label("Latitude").fill("53.02")
    await page.click("text=Save and check again")
    await page.click("text=Import all 3 cities and territories")
    await expect(page.locator(".ok")).to_contain_text("3 cities and territories were imported.")


async def _invite(newcomer: Newcomer) -> None:
    page = newcomer.page
    await newcomer.follow("Choose and invite")
    for name in ("Samplefield", "Samplehaven", "Sampleton"):
        await page.get_by_role("checkbox", name=name).check()
    await page.click("text=Invite the chosen ones")
    await page.fill("#wave", "The tour")
    await page.click("text=Send the invitations")
    await expect(page.locator(".ok")).to_contain_text("3 invitations were issued")


async def _fill(page: Page, name: str) -> None:
    await page.fill("#signatory_name", name)
    await page.fill("#signatory_office", "Mayor (demonstration)")
    for rank, theme in enumerate(("housing", "water", "education"), start=1):
        await page.select_option(f"#theme_{rank}", theme)


async def _pledge(page: Page, name: str) -> None:
    await _fill(page, name)
    await page.check("#confirmed")
    await page.get_by_role("button", name="Make the pledge").click()
    await expect(page.locator("h1")).to_contain_text("Thank you")


async def _officer_then_mayor(newcomer: Newcomer) -> None:
    page = newcomer.page
    await newcomer.open_letter("mayor@samplehaven.example")
    await page.click("text=We are interested")
    await page.fill("#signatory_office", "Mayor (demonstration)")
    await page.select_option("#theme_1", "culture")
    await page.click("text=Save and go on later")
    await newcomer.open_letter("mayor@samplehaven.example")
    await expect(page.locator("#theme_1")).to_have_value("culture")
    await _pledge(page, "Bea Invented")


async def _on_paper(newcomer: Newcomer) -> None:
    page = newcomer.page
    photo = await newcomer.save("Download the photo")
    await newcomer.follow("Record the answer")
    await page.set_input_files("#file", {"name": "letter.jpg", "mimeType": "image/jpeg", "buffer": photo})
    await page.click("text=Upload the letter")
    await page.fill("#signed_on", "2025-07-01")
    await _fill(page, "Ada Invented")
    await page.check("#confirmed")
    await page.get_by_role("button", name="Record the pledge").click()
    await expect(page.locator(".ok")).to_be_visible()


async def _look_behind(newcomer: Newcomer, demo: Demo) -> None:
    page = newcomer.page
    await page.get_by_role("link", name="what happened to the message to Samplefield?").click()
    await page.get_by_role("row", name="Invitation").get_by_role("link").click()
    await expect(page.locator(".timeline")).to_contain_text("the mail server took it")
    trace = await page.locator("a", has_text="See the trace").get_attribute("href")
    assert trace
    assert trace.startswith("http://localhost:")
    spans = await _trace(newcomer.platform, trace.rpartition("/")[2])
    assert ("portal", "post /{lang}/office/campaigns/{campaign_id}/invite") in spans
    assert ("notifications", "send mail") in spans
    await page.goto(f"{newcomer.platform.url}/en/campaigns/{demo.campaign_id}")
    await expect(page.locator("main")).to_contain_text("100")


async def _trace(platform: Platform, trace_id: str) -> set[tuple[str, str]]:
    """The spans of the trace as the viewer keeps them: service and name."""
    async with httpx.AsyncClient(base_url=platform.zipkin_url, timeout=30) as viewer:
        spans = (await viewer.get(f"/zipkin/api/v2/trace/{trace_id}")).raise_for_status().json()
    return {(span["localEndpoint"]["serviceName"], span["name"]) for span in spans}
