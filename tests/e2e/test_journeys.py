"""The journeys of those the platform is for, by keyboard alone; axe-core reads every page they come to.

Each in every language at both widths; the officer and the mayor who share a form sit at one and the other.
"""

import re
from importlib.resources import files
from typing import Any

import pytest
from browsing import READERS, Person, person
from playwright.async_api import Browser, expect
from stage import Stage

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

LETTER = files("polity_portal") / "static" / "demo" / "signed-letter.jpg"
THEMES = ["First theme", "Second theme", "Third theme"]


async def interested(someone: Person, link: str) -> None:
    """Opens the link of a mail and says that the city is interested."""
    await someone.open(link)
    await someone.look()
    await someone.go("button", someone.say("We are interested"))


async def fill(someone: Person, name: str, office: str, ranks: tuple[int, ...] = (1, 2, 3)) -> None:
    """Fills the form in the order of its fields."""
    await someone.write(someone.say("Name of who signs"), name)
    await someone.write(someone.say("Office"), office)
    for label, place in zip(THEMES, ranks, strict=True):
        await someone.pick(someone.say(label), place)


async def saved(someone: Person) -> None:
    """Waits until the form says that it is saved, as a screen reader would hear it."""
    status = someone.page.get_by_role("status")
    await expect(status).to_have_attribute("data-state", "saved")
    await expect(status).not_to_be_empty()


async def pledge(someone: Person, city: str) -> None:
    """Confirms and makes the pledge; the page that thanks knows the city's name."""
    await someone.tick(re.compile(re.escape(city)))
    await someone.go("button", someone.say("Make the pledge"))
    await expect(someone.page.locator("h1")).to_have_text(someone.say("Thank you, %(city)s", city=city))
    await someone.look(walk=True)


@pytest.mark.parametrize(("language", "width"), READERS)
async def test_a_city_alone(chromium: Browser, stage: Stage, language: str, width: int) -> None:
    """On a telephone or at a desk: opens the mail's link, saves the form, comes back, mends a mistake and pledges."""
    city = f"Alone {language} {width}"
    link = await stage.city(city, language)
    assert link.startswith(f"{stage.platform.url}/{language}/answer/")
    async with person(chromium, language, width) as mayor:
        await interested(mayor, link)
        await mayor.look(walk=True)
        await fill(mayor, "Invented Signatory", mayor.say("Mayor"), (1, 2, 2))
        await saved(mayor)

        await mayor.open("about:blank")
        await mayor.open(link)
        await expect(mayor.page.locator("#signatory_name")).to_have_value("Invented Signatory")
        await mayor.go("button", mayor.say("Save and go on later"))
        await saved(mayor)
        await mayor.look()

        await mayor.tick(re.compile(re.escape(city)))
        await mayor.go("button", mayor.say("Make the pledge"))
        await expect(mayor.page.locator("#errors")).to_be_focused()
        await mayor.look()
        await mayor.press("link", re.compile("."), mayor.page.locator("#errors"))
        await expect(mayor.page.locator("#theme_3")).to_be_focused()
        await mayor.page.keyboard.press("ArrowDown")
        await mayor.go("button", mayor.say("Make the pledge"))
        await expect(mayor.page.locator("h1")).to_have_text(mayor.say("Thank you, %(city)s", city=city))
        await mayor.look(walk=True)
        await mayor.go("link", mayor.say("See the campaign"))
        await mayor.look(walk=True)


@pytest.mark.parametrize(("language", "width"), READERS)
async def test_an_officer_and_a_mayor_share_a_form(chromium: Browser, stage: Stage, language: str, width: int) -> None:
    """The officer begins; the mayor goes on elsewhere with the same link while it still is open there."""
    city, other_width = f"Shared {language} {width}", 1280 + 390 - width
    link = await stage.city(city, language)
    async with person(chromium, language, width) as officer, person(chromium, language, other_width) as mayor:
        await interested(officer, link)
        await fill(officer, "Drafted By Officer", "Mayor")
        await saved(officer)

        await mayor.open(link)
        await expect(mayor.page.locator("#signatory_name")).to_have_value("Drafted By Officer")
        await mayor.write(mayor.say("Name of who signs"), "Written By Mayor")
        await saved(mayor)

        await officer.write(officer.say("Office"), "Lord Mayor")
        await expect(officer.page.get_by_role("status")).to_have_attribute("data-state", "other")
        await officer.go("button", officer.say("See both and choose"))
        await expect(officer.page.get_by_role("alert")).to_contain_text("Written By Mayor")
        await expect(officer.page.get_by_role("alert")).to_contain_text("Lord Mayor")
        await officer.look(walk=True)
        await officer.go("link", officer.say("Take what was saved"))
        await expect(officer.page.locator("#signatory_name")).to_have_value("Written By Mayor")

        await pledge(mayor, city)
        await officer.page.reload()
        await expect(officer.page.locator("h1")).to_have_text(officer.say("Thank you, %(city)s", city=city))


@pytest.mark.parametrize(("language", "width"), READERS)
async def test_the_secretariat_with_a_paper_answer(chromium: Browser, stage: Stage, language: str, width: int) -> None:
    """Finds the city among the invitations, uploads the photo of its letter and records what it says."""
    city = f"Paper {language} {width}"
    await stage.city(city, language)
    office = f"{stage.platform.url}/{language}/office/campaigns/{stage.campaign_id}"
    async with person(chromium, language, width, storage_state=await stage.signed_in(chromium, language)) as clerk:
        await clerk.open(f"{office}/invitations")
        await clerk.go("link", re.compile(f"^{clerk.say('Answer on paper')} ?: {city}$"))
        await record_letter(clerk)
        await clerk.open(f"{office}/invitations")
        row = clerk.page.get_by_role("row", name=city)
        await expect(row.locator(".status")).to_have_text(clerk.say("Pledged"))
        await clerk.look()


async def record_letter(clerk: Person, photo: Any = LETTER) -> None:
    """On the page of one city's paper answer: uploads the letter, forgets a field, and records the pledge."""
    await clerk.look(walk=True)
    await clerk.attach("#file", photo)
    await clerk.go("button", clerk.say("Upload the letter"))
    await clerk.look(walk=True)
    await clerk.write(clerk.say("Name of who signs"), "Invented Mayor")
    await clerk.write(clerk.say("Office"), "Mayor")
    await clerk.reach(clerk.page.locator("#signed_on"))
    # The first of January: day and month stand in either order.
    await clerk.page.keyboard.type("01012026")
    for rank, label in enumerate(THEMES, start=1):
        await clerk.pick(clerk.say(label), rank)
    await clerk.go("button", clerk.say("Record the pledge"))
    await expect(clerk.page.locator("#errors")).to_be_focused()
    await clerk.look()
    await clerk.tick(clerk.say("I have looked at the letter: it is signed, and it says this."))
    await clerk.go("button", clerk.say("Record the pledge"))
    await expect(clerk.page.locator("#errors")).to_have_count(0)
    await clerk.look(walk=True)
