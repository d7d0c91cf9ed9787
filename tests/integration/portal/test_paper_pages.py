"""A letter on paper through the pages, before the real membership service: by the city's link and by the office."""

import re
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
from polity_chassis.authorization.links import sign
from polity_chassis.clock import utc_now
from sqlalchemy import text

sys.path.insert(0, str(Path(__file__).parent))

from test_portal_with_membership import invitation_of, register, send

PNG = b"\x89PNG\r\n\x1a\n" + bytes(300_000)
SAYS = {
    "signatory_name": "Invented Signatory",
    "signatory_office": "Mayor",
    "signed_on": utc_now().date().isoformat(),
    "theme_1": "peace",
    "theme_2": "water",
    "theme_3": "housing",
    "confirmed": "yes",
    "idempotency_key": "0199a000-0000-7000-8000-0000000000aa",
}

EARLY = "It was signed before the invitation was sent"


async def invited(desk: SimpleNamespace) -> tuple[str, str]:
    """The invitation of Rosario, and the page of its answer on paper in the office."""
    await register(desk)
    await send(desk.browser, f"{desk.office}/invite", which="all", wave="All", idempotency_key="c" * 32, q="Rosario")
    invitation = await invitation_of(desk, "Rosario")
    return invitation, f"{desk.office}/invitations/{invitation}/paper"


async def upload(desk: SimpleNamespace, page: str, content: bytes) -> httpx.Response:
    token = re.search(r'name="form_token" value="([^"]+)"', (await desk.browser.get(page)).text)
    assert token
    files = {"file": ("rosario.png", content, "image/png")}
    answered: httpx.Response = await desk.browser.post(f"{page}/proof", data={"form_token": token[1]}, files=files)
    return answered


async def test_a_letter_sent_by_the_city_waits_until_the_office_records_it(
    desk: SimpleNamespace, stage: SimpleNamespace
) -> None:
    invitation, page = await invited(desk)
    city, answer = stage.browser(), f"/es/answer/{sign(desk.keys, 'answer', invitation, 1)}"
    assert "Answer on paper" in (await desk.browser.get(f"{desk.office}/invitations")).text
    sent = await city.post(f"{answer}/letter", files={"file": ("x.png", PNG, "image/png")})
    assert (sent.status_code, sent.headers["location"]) == (303, f"{answer}/letter#sent")
    assert "Su carta llegó" in (await city.get(f"{answer}/letter")).text

    listed = (await desk.browser.get(f"{desk.office}/invitations")).text
    assert f'href="{page}">A signed letter waits' in listed
    shown = (await desk.browser.get(page)).text
    assert "sent by the city or territory" in shown
    photo = re.search(r'<img src="([^"]+/proofs/[^"]+)" alt="Photo of the signed letter of Rosario">', shown)
    assert photo
    place = re.search(r'href="([^"]+/proofs/[^"]+)" download', shown)
    assert place
    assert place[1] == photo[1]
    file = await desk.browser.get(place[1])
    assert (file.content, file.headers["content-type"]) == (PNG, "image/png")
    assert file.headers["content-disposition"].startswith("attachment")
    assert (file.headers["cache-control"], file.headers["x-content-type-options"]) == ("no-store", "nosniff")

    recorded = await send(desk.browser, page, **SAYS)
    assert recorded.headers["location"] == f"{desk.office}/invitations?q=Rosario"
    listed = (await desk.browser.get(recorded.headers["location"])).text
    assert "The pledge is recorded, with the letter as its proof." in listed
    assert EARLY not in listed
    assert re.search(r"on paper: <a href=\"[^\"]+/proofs/", listed)
    assert "N.º 1" in (await city.get(answer)).text
    assert "Nothing can be recorded here" in (await desk.browser.get(page)).text


async def test_the_office_uploads_the_letter_and_types_what_it_says(desk: SimpleNamespace) -> None:
    _, page = await invited(desk)
    assert 'name="signatory_name"' not in (await desk.browser.get(page)).text
    refused = await upload(desk, page, b"<html>no letter</html>")
    assert (refused.status_code, "Please send a photo (JPEG, PNG, WebP) or a PDF." in refused.text) == (422, True)
    sent = await upload(desk, page, PNG)
    assert sent.headers["location"] == f"{page}#says"
    faulty = await send(desk.browser, page, **{**SAYS, "theme_3": "peace", "confirmed": ""})
    assert faulty.status_code == 422
    assert re.search(r'id="theme_3-fault">Each theme can be chosen once only', faulty.text)
    assert 'value="Invented Signatory"' in faulty.text
    assert "The invitation was sent on" in faulty.text
    assert (await send(desk.browser, page, **SAYS)).status_code == 303


async def test_a_letter_signed_before_the_invitation_is_recorded_with_a_remark(desk: SimpleNamespace) -> None:
    _, page = await invited(desk)
    await upload(desk, page, PNG)
    recorded = await send(desk.browser, page, **{**SAYS, "signed_on": "2020-03-01"})
    listed = (await desk.browser.get(recorded.headers["location"])).text
    assert f"The pledge is recorded, with the letter as its proof. {EARLY}" in listed


async def test_a_letter_that_is_a_pdf_is_linked_and_an_earlier_one_kept_in_reach(desk: SimpleNamespace) -> None:
    _, page = await invited(desk)
    await upload(desk, page, PNG)
    await upload(desk, page, b"%PDF-1.7" + bytes(1000))
    shown = (await desk.browser.get(page)).text
    assert '<img src="/en/office' not in shown
    assert re.findall(r"download>([^<]+)<", shown) == ["Look at the document", "Save the photo"]
    assert "The letter is a PDF" in shown


async def test_nothing_is_recorded_without_a_letter(desk: SimpleNamespace) -> None:
    _, page = await invited(desk)
    refused = await send(desk.browser, page, **SAYS)
    assert (refused.status_code, 'id="file-fault"' in refused.text) == (422, True)


async def test_the_officer_and_the_mayor_share_one_form(desk: SimpleNamespace, stage: SimpleNamespace) -> None:
    invitation, _ = await invited(desk)
    page = f"/en/answer/{sign(desk.keys, 'answer', invitation, 1)}"
    officer, mayor = stage.browser(), stage.browser()
    await officer.post(f"{page}/interest")
    typed: dict[str, Any] = {name: value for name, value in SAYS.items() if name != "confirmed"}
    assert (await officer.post(f"{page}/draft", data={**typed, "revision": "0"})).status_code == 303
    seen = (await mayor.get(page)).text
    assert 'value="Invented Signatory"' in seen
    assert re.findall(r'<option value="(\w+)"[^>]* selected>', seen) == ["peace", "water", "housing"]
    typed["revision"] = re.findall(r'name="revision" value="(\d+)"', seen)[0]
    await officer.post(f"{page}/draft", data={**typed, "signatory_name": "Another Name"})
    both = await mayor.post(f"{page}/draft", data={**typed, "signatory_office": "Lord Mayor"})
    assert both.status_code == 409
    assert "Another Name" in both.text
    assert 'value="Lord Mayor"' in both.text
    assert (await mayor.post(f"{page}/commitment", data=SAYS)).headers["location"] == page
    async with desk.database.transaction() as work:
        assert (await (await work.connection()).execute(text("SELECT count(*) FROM answer_draft"))).scalar_one() == 0
