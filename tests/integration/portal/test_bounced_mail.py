"""Where a message bounced, its page corrects the contact in the real membership service and sends it again."""

import re
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import pytest_asyncio
from polity_portal.client.api import Api
from sqlalchemy import text

ROW = (
    "name,country,subdivision,latitude,longitude,population,time_zone,language,contact_name,contact_email\n"
    "Rosario,AR,AR-S,-32.95,-60.65,1000,America/Argentina/Cordoba,es,Contact,wrong@example.org\n"
)


async def send(browser: httpx.AsyncClient, page: str, to: str, **fields: Any) -> httpx.Response:
    found = re.search(r'name="form_token" value="([^"]+)"', (await browser.get(page)).text)
    assert found, page
    files = {"file": ("places.csv", fields.pop("file"), "text/csv")} if "file" in fields else None
    return await browser.post(to, data={"form_token": found[1], **fields}, files=files)


@pytest_asyncio.fixture
async def bounced(desk: SimpleNamespace, application: Any, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Rosario's mail bounced; notifications' answers are canned, membership is the real service."""
    checked = await send(desk.browser, desk.importing, desk.importing, file=ROW)
    await send(desk.browser, checked.headers["location"], checked.headers["location"], action="import")
    async with desk.database.transaction() as work:
        found = await (await work.connection()).execute(
            text("SELECT id FROM local_government WHERE network_id = :id"), {"id": UUID(desk.network_id)}
        )
        place = found.scalar_one()
    mail_id = str(uuid4())
    at = "2026-07-20T08:00:00Z"
    mail = {
        "delivery_id": mail_id, "kind": "invitation", "campaign_id": desk.campaign_id,
        "local_government_id": str(place), "status": "failed", "attempts": 1, "failure": "smtp 550", "sent_at": None,
        "trace_id": None, "fact": "membership.invitation_issued", "asked_at": at, "queued_at": at,
        "attempts_made": [{"number": 1, "at": at, "failure": "smtp 550"}], "next_attempt_at": None, "expires_at": at,
        "message_id": "<x@example.net>",
    }  # fmt: skip
    refusal = {"type": "urn:polity:problem:mail_under_way", "title": "It waits already.", "status": 409}
    answers = [httpx.Response(202, json=None), httpx.Response(409, json=refusal)]
    real = Api.send.__globals__["httpx"].AsyncClient.send

    async def routed(self: httpx.AsyncClient, request: httpx.Request, **more: Any) -> httpx.Response:
        if not request.url.path.startswith("/v1/deliveries/"):
            return await real(self, request, **more)
        answer = answers.pop(0) if request.method == "POST" else httpx.Response(200, json=mail)
        answer.request = request
        return answer

    monkeypatch.setattr(httpx.AsyncClient, "send", routed)
    return SimpleNamespace(browser=desk.browser, page=f"{desk.office}/mails/{mail_id}", place=place, desk=desk)


async def contact(bounced: SimpleNamespace) -> dict[str, Any]:
    async with bounced.desk.database.transaction() as work:
        found = await (await work.connection()).execute(
            text(
                "SELECT name, email, language FROM person JOIN local_government_contact ON person_id = person.id"
                " WHERE local_government_id = :id"
            ),
            {"id": bounced.place},
        )
        return dict(found.mappings().one())


async def test_the_contact_is_corrected_on_the_mails_page(bounced: SimpleNamespace) -> None:
    page = (await bounced.browser.get(bounced.page)).text
    assert 'href="#contact"' in page
    assert "wrong@example.org" not in page
    entered = {"name": "Ana Nueva", "email": "right", "language": "fr"}
    refused = await send(bounced.browser, bounced.page, f"{bounced.page}/contact", **entered)
    assert refused.status_code == 422
    assert 'href="#email"' in refused.text
    assert 'value="Ana Nueva"' in refused.text
    entered["email"] = "right@example.org"
    done = await send(bounced.browser, bounced.page, f"{bounced.page}/contact", **entered)
    assert done.headers["location"] == bounced.page
    assert await contact(bounced) == entered
    shown = (await bounced.browser.get(done.headers["location"])).text
    assert "The contact was corrected." in shown
    assert "right@example.org" not in shown


async def test_it_is_sent_again_and_a_refusal_is_said(bounced: SimpleNamespace) -> None:
    done = await send(bounced.browser, bounced.page, f"{bounced.page}/resend")
    assert done.headers["location"] == bounced.page
    assert "put in line once more" in (await bounced.browser.get(done.headers["location"])).text
    refused = await send(bounced.browser, bounced.page, f"{bounced.page}/resend")
    assert refused.status_code == 409
    assert "It waits already." in refused.text
