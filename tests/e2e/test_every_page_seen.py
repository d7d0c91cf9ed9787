"""Every page is seen in three languages, on a desk or a telephone: read by axe-core, walked by the keyboard."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from browsing import READERS, Person, person
from playwright.async_api import Browser, expect
from polity_local.demo.places import invented_csv
from stage import Stage, mandate

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

IDS = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|(?<=/)\d+(?=/|$)")
FILE = re.compile(r"\.[a-z]+(\?|$)|/sign-in")


@dataclass
class Links:
    """Links of four cities: one that has not answered, one that is interested, has pledged, has declined."""

    invited: str
    interested: str
    committed: str
    declined: str
    mandate: str
    letter: str
    """The invitation of the interested city, whose signed letter waits."""


def spoken(link: str, language: str) -> str:
    """The same link on the page of another language."""
    before, _, token = link.partition("/answer/")
    return f"{before.rpartition('/')[0]}/{language}/answer/{token}"


@pytest_asyncio.fixture(scope="session")
async def links(stage: Stage) -> AsyncIterator[Links]:
    """Some rows of every kind, so that the tables have something to show."""
    path = f"/v1/networks/{stage.network_id}/local-government-imports?dry_run=false"
    await stage.post(path, invented_csv(8, "seen"))
    found = Links(
        *[await stage.city(name, "en") for name in ("Unanswered", "Interested", "Pledged", "Declined")], "", ""
    )
    await stage.answer(found.interested, pledge=False)
    await stage.answer(found.committed, pledge=True)
    await stage.decline(found.declined, "Elections")
    found.letter = await stage.send_letter(found.interested)
    granted = await stage.post(f"/v1/networks/{stage.network_id}/mandates", mandate(), "operations")
    found.mandate = granted["link"]
    yield found


async def wander(reader: Person, home: str, *seeds: str) -> set[str]:
    """Sees these pages and each kind of page below `home` they lead to; returns the kinds: paths without their ids."""
    kinds: set[str] = set()
    waiting = list(seeds)
    while waiting:
        address = waiting.pop(0)
        kind = IDS.sub("*", urlsplit(address).path)
        if kind in kinds:
            continue
        kinds.add(kind)
        await reader.open(address)
        await reader.look(walk=True)
        links = await reader.page.eval_on_selector_all("a[href]:not([download])", "all => all.map(a => a.href)")
        waiting += [link for link in links if urlsplit(link).path.startswith(home) and not FILE.search(link)]
    return kinds


@pytest.mark.parametrize(("language", "width"), READERS)
async def test_the_public_s_and_the_cities_pages(
    chromium: Browser, stage: Stage, links: Links, language: str, width: int
) -> None:
    home = f"{stage.platform.url}/{language}"
    seeds = [
        f"{home}/campaigns/{stage.campaign_id}",
        f"{home}/networks/{stage.network_id}",
        f"{home}/",
        f"{home}/signed-out",
        f"{home}/mandate/{links.mandate}",
        spoken(links.invited, language),
        spoken(links.interested, language),
        f"{spoken(links.interested, language)}/letter",
        spoken(links.committed, language),
        spoken(links.declined, language),
    ]
    async with person(chromium, language, width) as reader:
        await wander(reader, f"/{language}/about-the-demonstration", *seeds)


@pytest.mark.parametrize(("language", "width"), READERS)
async def test_the_office_s_pages(chromium: Browser, stage: Stage, links: Links, language: str, width: int) -> None:
    cookies = await stage.signed_in(chromium, language)
    office = f"/{language}/office"
    letter = f"{office}/campaigns/{stage.campaign_id}/invitations/{links.letter}/paper"
    seeds = [f"{stage.platform.url}{address}" for address in (letter, office, f"/{language}/mandate/{links.mandate}")]
    async with person(chromium, language, width, storage_state=cookies) as reader:
        kinds = await wander(reader, office, *seeds)
    assert len(kinds) >= 14, "the way to some pages is lost"


@pytest.mark.parametrize(("language", "width"), READERS)
async def test_the_sign_in_page(chromium: Browser, stage: Stage, language: str, width: int) -> None:
    """It is Keycloak's, in our design; a wrong password is told to a keyboard too."""
    async with person(chromium, language, width) as reader:
        await reader.open(f"{stage.platform.url}/{language}/office")
        await expect(reader.page.locator("#kc-header")).to_contain_text(reader.say("Demonstration data."))
        await reader.look(walk=True)
        await reader.reach(reader.page.locator("#password"))
        await reader.page.keyboard.type("wrong")
        await reader.page.keyboard.press("Enter")
        await expect(reader.page.locator("[aria-invalid=true]").first).to_be_visible()
        await reader.look()


@pytest.mark.parametrize(("language", "width"), READERS)
async def test_pages_that_say_no(chromium: Browser, stage: Stage, language: str, width: int) -> None:
    async with person(chromium, language, width) as reader:
        for address in ("nowhere", "answer/forged", "campaigns/00000000-0000-4000-8000-000000000009"):
            await reader.open(f"{stage.platform.url}/{language}/{address}")
            await reader.look(walk=True)
        assert len(reader.complaints) == 3
        assert all("404" in told or "403" in told or "401" in told for told in reader.complaints)
        reader.complaints.clear()


@pytest.mark.parametrize(("language", "width"), READERS)
async def test_the_documentation_of_the_api(chromium: Browser, stage: Stage, language: str, width: int) -> None:
    """Swagger UI is another's work and has faults of its own: all it shows stands in a table beside it."""
    async with person(chromium, language, width) as reader:
        await reader.open(f"{stage.platform.url}/docs")
        await expect(reader.page.locator("#openapi .opblock").first).to_be_visible()
        await reader.reach(reader.page.locator("summary", has_text=reader.say("Operations of the API")))
        await reader.page.keyboard.press("Enter")
        await expect(reader.page.get_by_role("row", name="POST /v1/answer/commitment")).to_be_visible()
        await reader.look(but_for="#openapi")
