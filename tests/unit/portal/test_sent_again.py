"""Where the platform can't serve just now, a page says so, keeps what was typed and sends it again at a press."""

import json
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest
from polity_portal.client import api as portal_api
from polity_portal.i18n.languages import LANGUAGES

TOKEN = "k1.AZmgAAAAcACAAAAAAAAAAw.1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
CAMPAIGN = "0199a000-0000-7000-8000-000000000002"
COMMITMENT = "/v1/answer/commitment"
FILLED = {
    "signatory_name": 'Ñusta "the <b>mayor</b>" & others',
    "signatory_office": "",
    "signed_on": "2026-07-20",
    "theme_1": "water",
    "theme_2": "housing",
    "theme_3": "culture",
    "confirmed": "yes",
    "idempotency_key": "0199a000-0000-7000-8000-00000000000a",
}
HELD = httpx.Response(503, headers={"Retry-After": "2"}, json={"type": "urn:polity:problem:unavailable"})
BROKEN = {
    "held": HELD,
    "away": httpx.ConnectError("away"),
    "slow": httpx.ReadTimeout("slow"),
    "in between": httpx.Response(200, html="<html>Sign in to the network of the town hall</html>"),
    "not packed": httpx.DecodingError("not gzip"),
}


class Form(HTMLParser):
    """The form on a problem's page: its address, its fields in their order, the words on its button."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.action: str | None = None
        self.fields: list[tuple[str, str]] = []
        self.button = ""
        self._within = self._pressed = False
        self.feed(page.partition("<main")[2])

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        given = dict(attrs)
        if tag == "form":
            assert given["method"] == "post"
            self.action, self._within = given["action"], True
        elif tag == "input" and self._within:
            assert given["type"] == "hidden"
            self.fields.append((given["name"], given["value"]))
        self._pressed = self._within and tag == "button"

    def handle_endtag(self, tag: str) -> None:
        self._within = self._within and tag != "form"
        self._pressed = False

    def handle_data(self, data: str) -> None:
        self.button += data if self._pressed else ""


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were made, without making them."""
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr(portal_api, "sleep", sleep)
    return pauses


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_page_says_so_in_each_language_and_its_button_sends_the_same(
    visitor: httpx.AsyncClient, canned: Any, answer: Any, language: str
) -> None:
    canned.answers |= {"GET /v1/answer": answer("interested"), f"POST {COMMITMENT}": HELD}
    filled = {**FILLED, "signatory_office": "Mayor"}
    page = await visitor.post(f"/{language}/answer/{TOKEN}/commitment", data=filled)
    assert (page.status_code, page.headers["retry-after"]) == (503, "30")
    assert page.headers["content-language"] == language
    form = Form(page.text)
    assert form.action == f"/{language}/answer/{TOKEN}/commitment"
    assert form.fields == list(filled.items())
    assert form.button == LANGUAGES[language].say("Send it again")
    assert (language == "en") == ("What you entered is kept on this page" in page.text)

    canned.answers[f"POST {COMMITMENT}"] = {"commitment_id": "x", "ordinal": 38}
    given = await visitor.post(form.action, data=dict(form.fields))
    assert (given.status_code, given.headers["location"]) == (303, f"/{language}/answer/{TOKEN}")
    sent = [request for request in canned.asked if request.url.path == COMMITMENT]
    assert {request.headers["idempotency-key"] for request in sent} == {FILLED["idempotency_key"]}
    assert len({request.content for request in sent}) == 1
    assert json.loads(sent[-1].content)["signatory_name"] == FILLED["signatory_name"]


@pytest.mark.parametrize("how", BROKEN)
async def test_whatever_broke_what_was_typed_is_there(
    visitor: httpx.AsyncClient, canned: Any, answer: Any, how: str
) -> None:
    canned.answers |= {"GET /v1/answer": answer("interested"), f"POST {COMMITMENT}": BROKEN[how]}
    filled = {**FILLED, "signatory_office": "Mayor"}
    page = await visitor.post(f"/en/answer/{TOKEN}/commitment", data=filled)
    assert (page.status_code, Form(page.text).fields) == (503, list(filled.items()))


@pytest.mark.parametrize("path", ["draft", "decline", "interest"])
async def test_every_form_of_the_link_keeps_its_fields(visitor: httpx.AsyncClient, canned: Any, path: str) -> None:
    canned.answers |= {"PUT /v1/answer/draft": HELD, "POST /v1/answer/decline": HELD, "POST /v1/answer/interest": HELD}
    fields = {**FILLED, "decline_reason": "Elections in spring", "page": "letter", "revision": "7"}
    page = await visitor.post(f"/en/answer/{TOKEN}/{path}", data=fields)
    assert (page.status_code, Form(page.text).fields) == (503, list(fields.items()))


async def test_a_database_that_is_away_loses_nothing_typed_in_the_office(visitor: httpx.AsyncClient) -> None:
    visitor.cookies.set("polity-session", "any")
    fields = {"form_token": "of the session", "reason": "Who is that?"}
    page = await visitor.post(f"/en/office/campaigns/{CAMPAIGN}/commitments/{CAMPAIGN}/return", data=fields)
    assert (page.status_code, Form(page.text).fields) == (503, list(fields.items()))


async def test_a_page_that_was_only_read_has_nothing_to_send(visitor: httpx.AsyncClient, canned: Any) -> None:
    canned.answers["GET /v1/answer"] = HELD
    page = await visitor.get(f"/en/answer/{TOKEN}")
    assert (page.status_code, Form(page.text).action) == (503, None)


async def test_a_file_has_to_be_chosen_again(visitor: httpx.AsyncClient, canned: Any) -> None:
    canned.answers["POST /v1/answer/proofs"] = HELD
    file = {"file": ("letter.jpg", b"\xff\xd8\xff\xe0 signed", "image/jpeg")}
    page = await visitor.post(f"/en/answer/{TOKEN}/letter", files=file, data={"page": "letter"})
    assert (page.status_code, Form(page.text).action) == (503, None)


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}])
async def test_what_another_site_sent_is_not_handed_on(visitor: httpx.AsyncClient, headers: dict[str, str]) -> None:
    visitor.cookies.set("polity-session", "any")
    page = await visitor.post(
        f"/en/office/campaigns/{CAMPAIGN}/commitments/{CAMPAIGN}/return", headers=headers, data=FILLED
    )
    assert (page.status_code, Form(page.text).action) == (503, None)


async def test_what_may_be_repeated_is_tried_once_more_when_the_api_says_when(
    visitor: httpx.AsyncClient, canned: Any, answer: Any, at_once: list[float]
) -> None:
    canned.answers |= {"GET /v1/answer": answer("interested"), f"POST {COMMITMENT}": HELD}
    await visitor.post(f"/en/answer/{TOKEN}/commitment", data={**FILLED, "signatory_office": "Mayor"})
    assert (len(canned.bodies("POST", COMMITMENT)), at_once) == (2, [2])
    # Without a key it might be done twice.
    canned.answers["POST /v1/answer/interest"] = HELD
    await visitor.post(f"/en/answer/{TOKEN}/interest", data={})
    assert (len(canned.bodies("POST", "/v1/answer/interest")), at_once) == (1, [2])


@pytest.mark.parametrize("said", [{}, {"Retry-After": "30"}, {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}])
async def test_nobody_waits_for_a_page_longer_than_a_moment(
    visitor: httpx.AsyncClient, canned: Any, at_once: list[float], said: dict[str, str]
) -> None:
    canned.answers["GET /v1/answer"] = httpx.Response(503, headers=said)
    assert (await visitor.get(f"/en/answer/{TOKEN}")).status_code == 503
    assert at_once == []
