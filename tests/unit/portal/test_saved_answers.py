"""A form that is saved before it is sent, by two people who share a link, as the pages show it without scripts."""

import json
import re
from typing import Any

import httpx
import pytest
from polity_portal.web.rendering import ASSETS

TOKEN = "k1.AZmgAAAAcACAAAAAAAAAAw.1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
PAGE = f"/en/answer/{TOKEN}"
DRAFT = "/v1/answer/draft"
SAVED = {
    "revision": 4,
    "saved_at": "2026-07-19T22:15:00Z",
    "signatory_name": "Ana <Example>",
    "signatory_office": None,
    "signed_on": "2026-07-18",
    "themes": ["water", "", "culture"],
}
TYPED = {
    "signatory_name": "Bruno Example",
    "signatory_office": "Mayor",
    "signed_on": "2026-07-20",
    "theme_1": "housing",
    "revision": "3",
}


@pytest.fixture(autouse=True)
def _interested(canned: Any, answer: Any) -> None:
    canned.answers["GET /v1/answer"] = answer("interested")


def value_of(text: str, name: str) -> str:
    found = re.search(rf'name="{name}"[^>]*value="([^"]*)"', text)
    assert found, name
    return found[1]


def main_of(page: httpx.Response) -> str:
    return page.text.split("<main")[1]


async def test_whoever_opens_the_link_sees_what_was_saved_and_when(visitor: httpx.AsyncClient, canned: Any) -> None:
    canned.answers[f"GET {DRAFT}"] = SAVED
    text = (await visitor.get(PAGE)).text
    assert value_of(text, "signatory_name") == "Ana &lt;Example&gt;"
    assert value_of(text, "signatory_office") == ""
    assert value_of(text, "signed_on") == "2026-07-18"
    assert value_of(text, "revision") == "4"
    assert re.findall(r'<option value="(\w+)"[^>]* selected>', text) == ["water", "culture"]
    assert "Saved: 20 July 2026, 07:15 (Seoul, UTC+09:00)." in text


async def test_a_form_that_nobody_saved_says_nothing_of_it(visitor: httpx.AsyncClient) -> None:
    text = main_of(await visitor.get(PAGE))
    assert value_of(text, "revision") == "0"
    assert re.search(r'id="saved"[^>]*></p>', text)


async def test_without_a_script_a_button_saves_and_leads_back(visitor: httpx.AsyncClient, canned: Any) -> None:
    canned.answers["GET /v1/answer/draft"] = SAVED
    text = (await visitor.get(PAGE)).text
    assert f'formaction="{PAGE}/draft">Save and go on later</button>' in text
    answered = await visitor.post(f"{PAGE}/draft", data=TYPED)
    assert (answered.status_code, answered.headers["location"]) == (303, f"{PAGE}#saved")
    sent = next(request for request in canned.asked if request.method == "PUT")
    assert (sent.url.path, sent.headers["if-match"], sent.headers["authorization"]) == (DRAFT, '"3"', f"Link {TOKEN}")
    assert json.loads(sent.content) == {
        "signatory_name": "Bruno Example",
        "signatory_office": "Mayor",
        "signed_on": "2026-07-20",
        "themes": ["housing", "", ""],
    }


async def test_what_somebody_else_saved_stands_beside_what_was_typed_and_one_chooses(
    visitor: httpx.AsyncClient, canned: Any, problem: Any
) -> None:
    canned.answers |= {f"PUT {DRAFT}": problem(412, "stale_version"), f"GET {DRAFT}": SAVED}
    page = await visitor.post(f"{PAGE}/draft", data=TYPED)
    text = main_of(page)
    assert page.status_code == 409
    rows = re.findall(r'<tr class="differs"><th scope="row">([^<]*)</th><td[^>]*>([^<]*)</td><td[^>]*>([^<]*)<', text)
    assert rows[:2] == [("Name of who signs", "Ana &lt;Example&gt;", "Bruno Example"), ("Office", "–", "Mayor")]
    assert ("First theme", "Water", "Housing") in rows
    assert "Saved by the other: 20 July 2026, 07:15" in text
    assert not re.search(r"<td[^>]*>\d{4}-\d\d-\d\d<", text)
    # Choosing one's own saves it over the one now seen; choosing the other's is looking again.
    assert value_of(text, "revision") == "4"
    assert value_of(text, "signatory_name") == "Bruno Example"
    assert f'form="answer" formaction="{PAGE}/draft">Keep what I typed' in text
    assert f'href="{PAGE}">Take what was saved' in text
    assert 'data-draft="choose"' in text


async def test_what_cannot_be_saved_is_said_at_its_field(visitor: httpx.AsyncClient, canned: Any, problem: Any) -> None:
    errors = [{"field": "signed_on", "reason": "date_from_datetime_parsing", "message": "Odd."}]
    canned.answers[f"PUT {DRAFT}"] = problem(422, "invalid_request", errors=errors)
    page = await visitor.post(f"{PAGE}/draft", data=TYPED | {"signed_on": "soon"})
    assert (page.status_code, 'id="signed_on-fault">Odd.' in page.text) == (422, True)
    assert value_of(page.text, "signatory_name") == "Bruno Example"


async def test_an_answer_given_meanwhile_leads_to_the_thanks(
    visitor: httpx.AsyncClient, canned: Any, problem: Any
) -> None:
    canned.answers[f"PUT {DRAFT}"] = problem(409, "already_committed")
    assert (await visitor.post(f"{PAGE}/draft", data=TYPED)).headers["location"] == PAGE


@pytest.mark.parametrize("revision", ["", "x", "-1", "²", "1" * 20, "1\r\nX: y"])
async def test_a_form_with_no_number_of_ours_counts_as_never_seen(
    visitor: httpx.AsyncClient, canned: Any, revision: str
) -> None:
    await visitor.post(f"{PAGE}/draft", data=TYPED | {"revision": revision})
    assert next(request for request in canned.asked if request.method == "PUT").headers["if-match"] == '"0"'


async def test_the_script_is_small_and_keeps_nothing_beyond_the_window(visitor: httpx.AsyncClient) -> None:
    text = (await visitor.get(PAGE)).text
    script = ASSETS["answers/draft.js"]
    assert f'<script src="{script.address}" defer></script>' in text
    assert len(script.content) <= 5000
    for lasting in (b"localStorage", b"indexedDB", b"document.cookie"):
        assert lasting not in script.content
    assert b"sessionStorage" in script.content
