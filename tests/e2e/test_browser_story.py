"""The main story by hand: a secretariat and a city in a real browser, with scripts switched off, on real parts."""

import secrets
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, ConsoleMessage, FilePayload, Page, expect
from polity_chassis.clock import utc_now
from polity_local.demo import letter
from polity_local.demo.client import checked
from polity_local.running.platform import Platform
from polity_local.testing.parts import SmtpSink
from stage import HEADING, link_in, until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


@dataclass
class Story:
    """A network with a campaign, and the mandate link of its secretariat."""

    network_id: str
    campaign_id: str
    mandate: str


@pytest_asyncio.fixture
async def story(platform: Platform) -> Story:
    async with httpx.AsyncClient(base_url=platform.url, timeout=30) as http:

        async def post(path: str, body: dict[str, Any], user: str = "operations") -> Any:
            headers = {"Authorization": f"Bearer {platform.token(user)}"}
            return checked(await http.post(path, json=body, headers=headers))

        await post("/v1/mandate-links", {"link": platform.grant_operator("Operator", "operator@polity.example")})
        network_id = (await post("/v1/networks", letter.NETWORK))["network_id"]
        person = {"name": "Sara Example", "email": "sara@network.example", "language": "en"}
        granted = [
            await post(f"/v1/networks/{network_id}/mandates", {"person": person, "role": "secretariat"})
            for _ in range(2)
        ]
        await post("/v1/mandate-links", {"link": granted[0]["link"]}, "secretariat2")
        opened = await post(
            f"/v1/networks/{network_id}/campaigns",
            letter.campaign(utc_now().date()),
            "secretariat2",
        )
    return Story(network_id, opened["campaign_id"], granted[1]["link"])


async def open_page(chromium: Browser, width: int = 1280) -> tuple[Page, list[str]]:
    """A page of a browser of its own without scripts, and what the browser complained about on pages of ours."""
    context = await chromium.new_context(viewport={"width": width, "height": 900}, java_script_enabled=False)
    page = await context.new_page()
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if "/auth/" not in page.url:
            complaints.append(message.text)

    page.on("console", note)
    return page, complaints


async def sign_in(page: Page, user: str, password: str) -> None:
    await page.fill("#username", user)
    await page.fill("#password", password)
    await page.click("#kc-login")


async def test_a_secretariat_invites_and_a_city_pledges(
    platform: Platform, mails: SmtpSink, chromium: Browser, story: Story
) -> None:
    address = f"gwangju-{secrets.token_hex(4)}@city.example"
    office, complaints = await open_page(chromium)

    await office.goto(f"{platform.url}/en/mandate/{story.mandate}")
    await office.click("text=Sign in and continue")
    await sign_in(office, "secretariat", platform.demo_password)
    await office.click("text=Accept the mandate")
    await expect(office.locator(".ok")).to_have_text("The mandate is yours now.")

    await office.goto(f"{platform.url}/en/office/networks/{story.network_id}/import")
    rows = (
        f"Gwangju,KR,,35.15472,126.91556,1416938,Asia/Seoul,es,Contact One,{address}\n"
        f"Gwangju,KR,,37.41722,127.25639,300000,Asia/Seoul,en,Contact Two,other-{address}\n"
    )
    faulty = "Nowhere,ZZ,,0,0,,UTC,en,Nobody,n@city.example\n"
    file = FilePayload(name="places.csv", mimeType="text/csv", buffer=(HEADING + rows + faulty).encode())
    await office.set_input_files("#file", file)
    await office.click("text=Check the file")
    await office.get_by_label("Set this row aside").check()
    await office.click("text=Save and check again")
    await office.click("text=Import all 2 cities and territories")
    await expect(office.locator(".ok")).to_contain_text("2 cities and territories were imported.")

    await office.goto(f"{platform.url}/en/office/campaigns/{story.campaign_id}/invite")
    await office.get_by_role("row", name="1,416,938").get_by_role("checkbox").check()
    await office.click("text=Invite the chosen ones")
    await office.fill("#wave", "First wave")
    await office.click("text=Send the invitations")
    await expect(office.locator(".ok")).to_contain_text("1 invitation was issued")

    async def invited() -> str | None:
        return link_in(mails, address)

    link = await until(invited)
    assert link.startswith(f"{platform.url}/es/answer/")
    assert await _pledge(chromium, link) == []

    public, _ = await open_page(chromium)

    async def projected() -> bool:
        await public.goto(f"{platform.url}/en/campaigns/{story.campaign_id}")
        return "Eastern Asia" in await public.content()

    await until(projected)
    await expect(public.locator(".hero .headline")).to_contain_text("1")
    await expect(public.locator(".demo")).to_contain_text("Demonstration data")

    await office.goto(f"{platform.url}/en/office/campaigns/{story.campaign_id}/invitations")
    await expect(office.locator(".status.committed")).to_have_text("Pledged")
    await office.click("text=Messages")
    await expect(office.get_by_role("row", name="Gwangju").first).to_contain_text("Sent")

    await office.click("text=Sign out")
    await expect(office.locator("h1")).to_have_text("You are signed out")
    await office.click("text=Sign in again")
    await expect(office.locator("#password")).to_be_visible()
    assert complaints == []


async def _pledge(chromium: Browser, link: str) -> list[str]:
    """Answers by the link on a telephone, one mistake included; returns what the browser complained about."""
    city, complaints = await open_page(chromium, 390)
    await city.goto(link)
    assert await city.locator("html").get_attribute("lang") == "es"
    assert await city.evaluate("document.documentElement.scrollWidth") <= 390
    await city.click("text=Nos interesa")
    await city.fill("#signatory_name", "Invented Signatory")
    await city.fill("#signatory_office", "Mayor")
    for rank, index in ((1, 1), (2, 2), (3, 2)):
        await city.select_option(f"#theme_{rank}", index=index)
    await city.check("#confirmed")
    await city.click("button:has-text('Presentar la adhesión')")
    await expect(city.locator("#errors a")).to_have_attribute("href", "#theme_3")
    # A refused form answers 422, which the browser notes; anything else would be ours.
    complaints[:] = [text for text in complaints if "422" not in text]
    assert await city.input_value("#signatory_name") == "Invented Signatory"
    await city.select_option("#theme_3", index=3)
    await city.click("button:has-text('Presentar la adhesión')")
    await expect(city.locator("h1")).to_have_text("Gracias, Gwangju")
    await city.goto(link)
    await expect(city.locator("h1")).to_have_text("Gracias, Gwangju")
    return complaints
