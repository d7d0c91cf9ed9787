"""What the secretariat decides through the pages, before the real membership service, and what the city then sees."""

import re
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest_asyncio
from polity_chassis.authorization.links import sign
from polity_chassis.clock import utc_now
from sqlalchemy import text

HEADING = "name,country,subdivision,latitude,longitude,population,time_zone,language,contact_name,contact_email\n"
ROW = "Rosario,AR,AR-S,-32.95,-60.65,1000,America/Argentina/Cordoba,es,Contact,contact@example.org\n"
PLEDGE = {
    "signatory_name": "Invented Signatory",
    "signatory_office": "Mayor",
    "theme_1": "peace",
    "theme_2": "water",
    "theme_3": "housing",
    "confirmed": "yes",
}


async def send(browser: httpx.AsyncClient, page: str, to: str = "", **fields: Any) -> httpx.Response:
    """Sends a form with the page's token, as its own browser would."""
    found = re.search(r'name="form_token" value="([^"]+)"', (await browser.get(page)).text)
    assert found, page
    files = {"file": ("places.csv", fields.pop("file"), "text/csv")} if "file" in fields else None
    return await browser.post(to or page, data={"form_token": found[1], **fields}, files=files)


async def run(desk: SimpleNamespace, sql: str) -> Any:
    async with desk.database.transaction() as work:
        return await (await work.connection()).execute(text(sql), {"id": UUID(desk.campaign_id)})


@pytest_asyncio.fixture
async def city(desk: SimpleNamespace, stage: SimpleNamespace) -> SimpleNamespace:
    """Rosario, invited to a campaign that confirms signatories, with a browser at its page."""
    await run(desk, "UPDATE campaign SET counts_at_once = false WHERE id = :id")
    checked = await send(desk.browser, desk.importing, file=HEADING + ROW)
    await send(desk.browser, checked.headers["location"], action="import")
    await send(desk.browser, f"{desk.office}/invite", which="all", wave="All", idempotency_key=str(uuid4()))
    invitation = (await run(desk, "SELECT id FROM invitation WHERE campaign_id = :id")).scalar_one()
    page = f"/en/answer/{sign(desk.keys, 'answer', invitation, 1)}"
    return SimpleNamespace(browser=stage.browser(), page=page, invitation=invitation)


async def pledge(city: SimpleNamespace) -> str:
    """Sends the city's pledge; returns what its page then says."""
    await city.browser.post(f"{city.page}/interest")
    fields = {**PLEDGE, "signed_on": utc_now().date().isoformat(), "idempotency_key": str(uuid4())}
    answered = await city.browser.post(f"{city.page}/commitment", data=fields)
    assert answered.headers.get("location") == city.page, answered.text
    return str((await city.browser.get(city.page)).text)


async def pledge_page(desk: SimpleNamespace) -> str:
    """The address of the one pledge, as the list of those that wait links to it."""
    listed = await desk.browser.get(f"{desk.office}/invitations?status=submitted")
    found = re.search(rf'href="({desk.office}/commitments/[^"]+)"', listed.text)
    assert found
    return found[1]


async def test_a_pledge_waits_is_returned_with_a_reason_and_counts_when_confirmed(
    desk: SimpleNamespace, city: SimpleNamespace
) -> None:
    assert "Your pledge was received. It counts once" in await pledge(city)
    page = await pledge_page(desk)
    shown = (await desk.browser.get(page)).text
    assert "Invented Signatory" in shown
    assert "Confirm the pledge of Rosario, Argentina" in shown
    refused = await send(desk.browser, page, f"{page}/return", reason=" ")
    assert (refused.status_code, 'href="#reason"' in refused.text) == (422, True)

    done = await send(desk.browser, page, f"{page}/return", reason="Who signed is not the mayor")
    assert "is returned. Its contact is told" in (await desk.browser.get(done.headers["location"])).text
    back = (await city.browser.get(city.page)).text
    assert "Please send your pledge again" in back
    assert "Who signed is not the mayor" in back
    assert 'name="signatory_name"' in back

    await pledge(city)
    done = await send(desk.browser, page, f"{page}/confirmation")
    assert "is confirmed and counts" in (await desk.browser.get(done.headers["location"])).text
    assert "No. 1" in (await city.browser.get(city.page)).text
    late = await send(desk.browser, page, f"{page}/return", reason="too late")
    assert late.headers["location"] == page
    assert "Somebody else has decided this meanwhile." in (await desk.browser.get(late.headers["location"])).text


async def test_a_letter_sent_before_the_pledge_is_looked_at_where_it_is_confirmed(
    desk: SimpleNamespace, city: SimpleNamespace
) -> None:
    photo = b"\x89PNG\r\n\x1a\n" + bytes(1000)
    await city.browser.post(f"{city.page}/letter", files={"file": ("letter.png", photo, "image/png")})
    await pledge(city)
    shown = (await desk.browser.get(await pledge_page(desk))).text
    found = re.search(r'href="([^"]+/proofs/[^"]+)" download', shown)
    assert found
    assert (await desk.browser.get(found[1])).content == photo


async def test_a_withdrawn_pledge_counts_no_longer_and_its_page_says_so(
    desk: SimpleNamespace, city: SimpleNamespace
) -> None:
    await pledge(city)
    page = await pledge_page(desk)
    await send(desk.browser, page, f"{page}/confirmation")
    done = await send(desk.browser, page, f"{page}/withdrawal")
    assert "is withdrawn and counts no longer" in (await desk.browser.get(done.headers["location"])).text
    assert "The pledge of Rosario is withdrawn" in (await city.browser.get(city.page)).text.replace("<bdi>", "")
    listed = (await desk.browser.get(f"{desk.office}/invitations?status=withdrawn")).text
    assert "Rosario" in listed


async def test_a_city_gets_more_time_and_its_old_link_works_again(desk: SimpleNamespace, city: SimpleNamespace) -> None:
    yesterday = (utc_now() - timedelta(days=1)).isoformat()
    await run(desk, f"UPDATE invitation SET reply_at = '{yesterday}' WHERE campaign_id = :id")
    gone = await city.browser.get(city.page)
    assert (gone.status_code, "Ask the network’s secretariat" in gone.text) == (410, True)
    assert "<strong>Test</strong>" in gone.text
    for late in (
        await city.browser.get(f"{city.page}/letter"),
        await city.browser.post(f"{city.page}/draft", data=PLEDGE),
        await city.browser.post(f"{city.page}/commitment", data=PLEDGE),
    ):
        assert (late.status_code, "<strong>Test</strong>" in late.text) == (410, True)
    assert PLEDGE["signatory_name"] in late.text
    page = f"{desk.office}/invitations/{city.invitation}/extension"
    assert page in (await desk.browser.get(f"{desk.office}/invitations")).text
    for day, words in (("soon", "Please give a date"), ("2020-01-01", "already over")):
        refused = await send(desk.browser, page, day=day)
        assert (refused.status_code, words in refused.text) == (422, True)
    later = (utc_now() + timedelta(days=20)).date().isoformat()
    done = await send(desk.browser, page, day=later)
    assert "may answer until the new deadline" in (await desk.browser.get(done.headers["location"])).text
    assert (await city.browser.get(city.page)).status_code == 200


async def test_a_reached_milestone_is_announced_after_a_second_look(
    desk: SimpleNamespace, city: SimpleNamespace
) -> None:
    page = f"{desk.office}/milestones/1/announcement"
    assert "It is not reached yet" in (await desk.browser.get(page)).text
    assert (await desk.browser.get(f"{desk.office}/milestones/7/announcement")).status_code == 404
    await pledge(city)
    pledged = await pledge_page(desk)
    await send(desk.browser, pledged, f"{pledged}/confirmation")
    assert page in (await desk.browser.get(desk.office)).text
    done = await send(desk.browser, page)
    overview = (await desk.browser.get(done.headers["location"])).text
    assert "The milestone of 1 is announced" in overview
    assert page not in overview
    assert "It was announced on" in (await desk.browser.get(page)).text
    public = await city.browser.get(f"/en/campaigns/{desk.campaign_id}")
    assert "announced on" in public.text


async def test_the_pages_of_another_campaign_show_nothing_of_this_one(
    desk: SimpleNamespace, city: SimpleNamespace
) -> None:
    await pledge(city)
    page = await pledge_page(desk)
    for found in (page, f"{desk.office}/invitations/{city.invitation}/extension"):
        assert (await desk.browser.get(found.replace(desk.campaign_id, str(uuid4())))).status_code == 404
