"""The secretariat's day through the pages, before the real membership service: import, invite, follow up."""

import json
import re
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from polity_chassis.authorization.links import sign
from polity_chassis.clock import utc_now
from sqlalchemy import text

HEADING = "name,country,subdivision,latitude,longitude,population,time_zone,language,contact_name,contact_email\n"
GOOD = HEADING + "".join(
    f"{name},{country},,{latitude},{longitude},1000,{zone},es,Contact,contact@example.org\n"
    for name, country, latitude, longitude, zone in (
        ("Gwangju", "KR", 35.15, 126.91, "Asia/Seoul"),
        ("Gwangju", "KR", 37.42, 127.25, "Asia/Seoul"),
        ("Rosario", "AR", -32.95, -60.65, "America/Argentina/Cordoba"),
    )
)


async def send(browser: httpx.AsyncClient, page: str, action: str = "", **fields: Any) -> httpx.Response:
    """Sends the page's form as its own browser would; `file` is uploaded."""
    found = re.search(r'name="form_token" value="([^"]+)"', (await browser.get(page)).text)
    assert found
    files = {"file": ("places.csv", fields.pop("file"), "text/csv")} if "file" in fields else None
    if button := fields.pop("action_is", None):
        fields["action"] = button
    return await browser.post(action or page, data={"form_token": found[1], **fields}, files=files)


async def register(desk: SimpleNamespace) -> None:
    checked = await send(desk.browser, desk.importing, file=GOOD)
    await send(desk.browser, checked.headers["location"], action_is="import")


async def test_the_office_shows_the_network_of_the_mandate(desk: SimpleNamespace) -> None:
    page = await desk.browser.get("/en/office")
    assert page.status_code == 200
    for shown in (
        "Test",
        "Human Rights Cities",
        "pledges so far, of 1",
        "What to do next",
        "Nobody is invited",
        "The mandate is",
    ):
        assert shown in page.text


async def test_a_good_file_is_imported_once_it_is_confirmed(desk: SimpleNamespace) -> None:
    checked = await send(desk.browser, desk.importing, file=GOOD)
    report = await desk.browser.get(checked.headers["location"])
    assert "Import all 3 cities and territories" in report.text
    invite = await desk.browser.get(f"{desk.office}/invite")
    assert "Nothing matches this filter." in invite.text
    done = await send(desk.browser, checked.headers["location"], action_is="import")
    assert "3 cities and territories were imported." in (await desk.browser.get(done.headers["location"])).text
    assert (await desk.browser.get(checked.headers["location"])).headers["location"] == desk.importing
    assert (await desk.browser.get(f"{desk.office}/invite")).text.count(">Gwangju</label>") == 2
    again = await send(desk.browser, desk.importing, file=GOOD)
    assert "Nothing is left to import" in (await desk.browser.get(again.headers["location"])).text


@pytest.mark.parametrize(("content", "words"), [("", "The file is empty."), ("x" * 4_000_001, "too large")])
async def test_a_file_that_cannot_be_checked_is_refused_at_its_field(
    desk: SimpleNamespace, content: str, words: str
) -> None:
    refused = await send(desk.browser, desk.importing, file=content)
    assert (refused.status_code, words in refused.text) == (422, True)


async def test_another_session_does_not_see_the_upload(desk: SimpleNamespace, stage: SimpleNamespace) -> None:
    checked = await send(desk.browser, desk.importing, file=GOOD)
    other = stage.browser()
    await stage.sign_in(other)
    assert (await other.get(checked.headers["location"])).headers["location"] == desk.importing


async def chosen_ids(desk: SimpleNamespace, **filters: str) -> list[str]:
    page = await desk.browser.get(f"{desk.office}/invite", params=filters)
    return re.findall(r'name="chosen" value="([^"]+)"', page.text)


async def test_the_chosen_ones_are_invited_after_a_second_look(desk: SimpleNamespace) -> None:
    await register(desk)
    ids = await chosen_ids(desk, q="Gwangju")
    assert len(ids) == 2
    look = await send(
        desk.browser, f"{desk.office}/invite", f"{desk.office}/invite/check", which="chosen", chosen=ids[:1]
    )
    assert "1 city or territory will be invited." in look.text
    unnamed = await send(desk.browser, f"{desk.office}/invite", which="chosen", chosen=ids[:1])
    assert (unnamed.status_code, 'href="#wave"' in unnamed.text) == (422, True)
    fields: dict[str, Any] = {
        "which": "chosen",
        "chosen": ids[:1],
        "wave": "July letter",
        "idempotency_key": str(uuid4()),
    }
    for _ in range(2):
        sent = await send(desk.browser, f"{desk.office}/invite", **fields)
        listed = await desk.browser.get(sent.headers["location"])
        assert "1 invitation was issued" in listed.text
        assert 'name="wave" dir="auto" value="July letter"' in listed.text
        assert listed.text.count('<span dir="auto">July letter</span>') == 1
    assert (await chosen_ids(desk, q="Gwangju")) == ids[1:]
    assert (await chosen_ids(desk, status="none", country="KR")) == ids[1:]


async def test_what_a_form_has_done_is_told_once_by_the_page_it_leads_to(
    desk: SimpleNamespace, stage: SimpleNamespace
) -> None:
    await register(desk)
    page = f"{desk.office}/invitations"
    sent = await send(desk.browser, f"{desk.office}/invite", which="all", wave="All", idempotency_key="a" * 32)
    assert sent.headers["location"] == f"{page}?wave=All"
    cookie = sent.headers["set-cookie"]
    for said in ("polity-notice=", "HttpOnly", "SameSite=lax", "Path=/", "Max-Age=300"):
        assert said in cookie
    assert "All" not in cookie
    assert 'role="status"' not in (await desk.browser.get(desk.office)).text
    stranger = stage.browser()
    await stage.sign_in(stranger)
    stranger.cookies.set("polity-notice", desk.browser.cookies["polity-notice"], domain="localhost.local", path="/")
    theirs = await stranger.get(page)
    assert "polity-notice" in theirs.request.headers["cookie"]
    assert "issued" not in theirs.text
    told = (await desk.browser.get(page)).text
    assert re.search(r'role="status"[^>]* autofocus>\s*<p>3 invitations were issued', told)
    assert 'role="status"' not in (await desk.browser.get(page)).text


async def test_all_that_match_are_invited_and_nobody_twice(desk: SimpleNamespace) -> None:
    await register(desk)
    fields = {"which": "all", "region": "005"}
    look = await send(desk.browser, f"{desk.office}/invite", f"{desk.office}/invite/check", **fields)
    assert "1 city or territory will be invited." in look.text
    assert 'name="chosen"' not in look.text
    await send(desk.browser, f"{desk.office}/invite", wave="South", idempotency_key="a" * 32, **fields)
    none = await send(desk.browser, f"{desk.office}/invite", f"{desk.office}/invite/check", **fields)
    assert "Nobody was chosen" in (await desk.browser.get(none.headers["location"])).text
    await send(desk.browser, f"{desk.office}/invite", which="all", wave="Rest", idempotency_key="b" * 32)
    page = await desk.browser.get(f"{desk.office}/invitations")
    assert page.text.count('class="status invited"') == 3
    assert page.text.index(">Rest<") < page.text.index(">South<")
    again = await send(desk.browser, f"{desk.office}/invite", which="all", wave="None", idempotency_key="c" * 32)
    assert "wave" not in again.headers["location"]


async def test_a_wave_names_its_cities_and_may_have_a_last_day_of_its_own(desk: SimpleNamespace) -> None:
    await register(desk)
    fields = {"which": "all", "region": "005", "wave": "South", "idempotency_key": "a" * 32}
    look = await send(desk.browser, f"{desk.office}/invite", f"{desk.office}/invite/check", **fields)
    assert re.search(r'<ul class="tags"><li>.*Rosario.*</li></ul>', look.text)
    assert re.search(r'name="last_day"[^>]* value="\d{4}-\d\d-\d\d"', look.text)
    for wrong in ("soon", "2001-02-03"):
        refused = await send(desk.browser, f"{desk.office}/invite", last_day=wrong, **fields)
        assert (refused.status_code, 'href="#last_day"' in refused.text) == (422, True)
    await send(desk.browser, f"{desk.office}/invite", last_day="2099-03-31", **fields)
    assert "31 March 2099, 23:59" in (await desk.browser.get(f"{desk.office}/invitations")).text


async def test_the_message_is_shown_to_a_chosen_reader_before_it_is_sent(
    desk: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    await register(desk)
    asked: list[dict[str, Any]] = []
    real = httpx.AsyncClient.send

    async def routed(self: httpx.AsyncClient, request: httpx.Request, **more: Any) -> httpx.Response:
        if request.url.path != "/v1/deliveries/preview":
            return await real(self, request, **more)
        asked.append(json.loads(request.content))
        words = {"language": "es", "direction": "ltr", "subject": "Invitación", "text": f"A {len(asked)} <b>"}
        return httpx.Response(200, json=words, request=request)

    page, look = f"{desk.office}/invite", f"{desk.office}/invite/check"
    away = await send(desk.browser, page, look, which="all")
    assert "cannot be shown just now" in away.text
    monkeypatch.setattr(httpx.AsyncClient, "send", routed)
    first = await send(desk.browser, page, look, which="all", last_day="2099-03-31")
    assert '<div class="letter" lang="es" dir="ltr">' in first.text
    assert "A 1 &lt;b&gt;" in first.text
    place = re.search(r'<option value="([^"]+)">Rosario', first.text)
    assert place
    other = await send(desk.browser, page, look, which="all", preview=place[1], wave="Kept")
    assert 'value="Kept"' in other.text
    assert f'<option value="{place[1]}" selected>Rosario' in other.text
    assert [(one["local_government"], one["language"]) for one in asked] == [("Gwangju", "es"), ("Rosario", "es")]
    assert asked[0]["reply_by"].startswith("2099-03-31T23:59:59")
    assert asked[1]["time_zone"] == "America/Argentina/Cordoba"


async def test_a_city_answers_by_the_link_and_the_office_sees_it(desk: SimpleNamespace, stage: SimpleNamespace) -> None:
    await register(desk)
    await send(desk.browser, f"{desk.office}/invite", which="all", wave="All", idempotency_key="c" * 32, q="Rosario")
    city = stage.browser()
    page = f"/es/answer/{sign(desk.keys, 'answer', await invitation_of(desk, 'Rosario'), 1)}"
    assert "Rosario" in (await city.get(page)).text
    await city.post(f"{page}/interest")
    form = (await city.get(page)).text
    key = re.search(r'name="idempotency_key" value="([^"]+)"', form)
    assert key
    pledge = {
        "signatory_name": "Invented Signatory",
        "signatory_office": "Mayor",
        "signed_on": utc_now().date().isoformat(),
        "theme_1": "peace",
        "theme_2": "water",
        "theme_3": "housing",
        "confirmed": "yes",
        "idempotency_key": key[1],
    }
    assert (await city.post(f"{page}/commitment", data=pledge | {"theme_3": "water"})).status_code == 422
    assert (await city.post(f"{page}/commitment", data=pledge)).headers["location"] == page
    assert "N.º 1" in (await city.get(page)).text
    assert 'class="status committed"' in (await desk.browser.get(f"{desk.office}/invitations")).text
    public = (await city.get(f"/en/campaigns/{desk.campaign_id}")).text
    assert '<span class="big">1</span> of 10' in public
    assert "Invented Signatory" not in public


async def test_a_withdrawn_invitation_opens_nothing(desk: SimpleNamespace, stage: SimpleNamespace) -> None:
    await register(desk)
    await send(desk.browser, f"{desk.office}/invite", which="all", wave="All", idempotency_key="d" * 32, q="Rosario")
    invitation = await invitation_of(desk, "Rosario")
    page = f"{desk.office}/invitations"
    done = await send(desk.browser, page, f"{page}/{invitation}/withdrawal")
    assert "The invitation is withdrawn" in (await desk.browser.get(done.headers["location"])).text
    answer = await stage.browser().get(f"/en/answer/{sign(desk.keys, 'answer', invitation, 1)}")
    assert (answer.status_code, "has been withdrawn" in answer.text) == (410, True)


async def test_a_contacts_data_is_erased_on_request(desk: SimpleNamespace) -> None:
    await register(desk)
    await send(desk.browser, f"{desk.office}/invite", which="all", wave="All", idempotency_key="e" * 32, q="Rosario")
    page = f"{desk.office}/invitations"
    found = re.search(r'action="([^"]+/people/[^"]+/erasure)"', (await desk.browser.get(page)).text)
    assert found
    done = await send(desk.browser, page, found[1])
    assert "The personal data is erased here" in (await desk.browser.get(done.headers["location"])).text
    async with desk.database.transaction() as work:
        person = found[1].split("/")[-2]
        query = text("SELECT name, email, erased_at FROM person WHERE id = :id")
        name, address, erased_at = (await (await work.connection()).execute(query, {"id": UUID(person)})).one()
    assert (name, address, erased_at is not None) == (None, None, True)


@pytest.mark.parametrize("path", ["", "/invite", "/invitations", "/mails"])
async def test_another_networks_secretariat_finds_nothing(
    desk: SimpleNamespace, stage: SimpleNamespace, realm: Any, path: str
) -> None:
    realm.subject = f"stranger{path}-{desk.network_id}"
    realm.access = desk.token(realm.subject)
    await desk.new_network(realm.subject)
    stranger = stage.browser()
    await stage.sign_in(stranger)
    assert (await stranger.get(desk.office + path)).status_code == 404
    assert (await stranger.get(desk.importing)).status_code == 404


async def invitation_of(desk: SimpleNamespace, name: str) -> UUID:
    page = (await desk.browser.get(f"{desk.office}/invitations")).text
    row = page[page.index(name) :]
    found = re.search(r"invitations/([0-9a-f-]{36})/withdrawal", row)
    assert found
    return UUID(found[1])
