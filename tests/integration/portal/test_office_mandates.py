"""A secretariat gives mandates, finds the one that it wants to end, and ends it, before the real membership service."""

import re
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from polity_local.demo.places import invented_csv


@pytest.fixture
def page(desk: SimpleNamespace) -> str:
    return f"/en/office/networks/{desk.network_id}/mandates"


async def granted(desk: SimpleNamespace, realm: Any, name: str) -> str:
    person = {"name": name, "email": "someone@example.org", "language": "en"}
    body = {"person": person, "role": "secretariat"}
    path = f"/v1/networks/{desk.network_id}/mandates"
    return str((await desk.post(path, realm.access, body))["mandate_id"])


async def ends(browser: httpx.AsyncClient, page: str, mandate_id: str) -> httpx.Response:
    """What the form in the mandate's row does."""
    shown = (await browser.get(page)).text
    form = re.search(rf'<form method="post" action="({page}/{mandate_id}/end)">.*?value="([^"]+)"', shown)
    assert form
    return await browser.post(form[1], data={"form_token": form[2]})


def rows(text: str) -> list[str]:
    body = text.partition("<tbody>")[2].partition("</tbody>")[0]
    return [re.sub(r"<[^>]+>", "", row) for row in body.split("</tr>")[:-1]]


async def test_the_office_leads_to_the_mandates_which_say_who_acts_and_no_address(
    desk: SimpleNamespace, realm: Any, page: str
) -> None:
    await granted(desk, realm, "Noor <Example>")
    assert f'<a href="{page}">Mandates</a>' in (await desk.browser.get("/en/office")).text
    shown = (await desk.browser.get(page)).text
    newest, own = rows(shown)
    assert "Noor &lt;Example&gt;" in newest
    assert ("Not taken up yet" in newest, "(you)" in newest) == (True, False)
    assert ("In force" in own, "(you)" in own, "This mandate is your own" in own) == (True, True, True)
    assert "example.org" not in shown


async def test_a_mandate_is_ended_by_its_form_and_has_none_then(desk: SimpleNamespace, realm: Any, page: str) -> None:
    mandate_id = await granted(desk, realm, "Noor Example")
    answer = await ends(desk.browser, page, mandate_id)
    assert answer.headers["location"] == page
    shown = (await desk.browser.get(page)).text
    assert "The mandate has ended: nobody acts under it any more." in shown
    assert ("Has ended" in rows(shown)[0], f"{mandate_id}/end" in shown) == (True, False)
    for status, names in (("ended", ["Noor"]), ("active", ["Sara"]), ("waiting", [])):
        listed = rows((await desk.browser.get(page, params={"status": status})).text)
        assert [name for row in listed for name in ("Noor", "Sara") if name in row] == names


async def test_who_ends_their_own_is_led_out(desk: SimpleNamespace, page: str) -> None:
    (own,) = re.findall(rf'action="{page}/([^"]+)/end"', (await desk.browser.get(page)).text)
    answer = await ends(desk.browser, page, own)
    assert answer.headers["location"] == "/en/office"
    assert "Your mandate has ended." in (await desk.browser.get("/en/office")).text
    assert (await desk.browser.get(page)).status_code == 404


async def test_another_networks_mandates_are_neither_seen_nor_ended(
    desk: SimpleNamespace, stage: SimpleNamespace, realm: Any, page: str
) -> None:
    mandate_id = await granted(desk, realm, "Noor Example")
    shown = (await desk.browser.get(page)).text
    realm.access = desk.token("somebody else")
    stranger = stage.browser()
    await stage.sign_in(stranger)
    assert (await stranger.get(page)).status_code == 404
    token = re.search(r'name="form_token" value="([^"]+)"', shown)
    assert token
    # Another session's token first, then one's own.
    assert (await stranger.post(f"{page}/{mandate_id}/end", data={"form_token": token[1]})).status_code == 403
    own = re.search(r'name="form_token" value="([^"]+)"', (await stranger.get("/en/office")).text)
    assert own
    assert (await stranger.post(f"{page}/{mandate_id}/end", data={"form_token": own[1]})).status_code == 404
    assert "Not taken up yet" in rows((await desk.browser.get(page)).text)[0]


async def test_a_representative_s_mandate_is_given_by_the_form_and_taken_up_by_its_link(
    desk: SimpleNamespace, stage: SimpleNamespace, realm: Any, page: str
) -> None:
    register = f"/v1/networks/{desk.network_id}/local-government-imports?dry_run=false"
    await desk.post(register, realm.access, invented_csv(3, "given"))
    listed = (await desk.get(f"/v1/networks/{desk.network_id}/local-governments", realm.access))["items"]
    city = listed[1]
    assert f'<a class="button" href="{page}/new">Give a mandate</a>' in (await desk.browser.get(page)).text
    form = fields((await desk.browser.get(f"{page}/new")).text) | {
        "role": "representative",
        "place": city["name"],
        "person_name": "Noor Example",
        "person_email": "noor@@example.org",
        "person_language": "es",
    }
    asked = await desk.browser.post(f"{page}/new", data=form)
    form |= fields(asked.text) | {"local_government_id": city["local_government_id"]}
    refused = await desk.browser.post(f"{page}/new", data=form)
    assert (refused.status_code, 'id="person_email-fault"' in refused.text) == (422, True)
    form |= {"person_email": "noor@example.org"}
    told = [(await desk.browser.post(f"{page}/new", data=form)).text for _ in range(2)]
    (link,) = {
        given for text in told for given in re.findall(r'value="http://localhost:8080(/es/mandate/[^"]+)"', text)
    }
    waiting = rows((await desk.browser.get(page)).text)[0]
    assert ("Noor Example" in waiting, city["name"] in waiting, "Not taken up yet" in waiting) == (True, True, True)
    realm.subject, realm.access = "noor", desk.token("noor")
    noor = stage.browser()
    await stage.sign_in(noor, link)
    await noor.post(link, data=fields((await noor.get(link)).text))
    assert "In force" in rows((await desk.browser.get(page)).text)[0]


def fields(text: str) -> dict[str, str]:
    """The hidden fields of the page's forms."""
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', text))
