"""The form by which a mandate is given: what it asks, what it says of a mistake, and the link it shows once."""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from polity_portal.auth.dependencies import required_session
from polity_portal.auth.identity import Grant
from polity_portal.auth.sessions import Session

NETWORK_ID = "0199a000-0000-7000-8000-000000000001"
PAGE = f"/en/office/networks/{NETWORK_ID}/mandates/new"
PLACES = f"GET /v1/networks/{NETWORK_ID}/local-governments"
GRANTING = f"/v1/networks/{NETWORK_ID}/mandates"
SESSION = Session("secret", Grant("subject-1", "Ana Example", "access", "", 0))
CITY = "0199a000-0000-7000-8000-0000000000c1"
OTHER = "0199a000-0000-7000-8000-0000000000c2"
KEY = "0199a000-0000-7000-8000-0000000000ff"


def held(role: str, scope: str | None = NETWORK_ID) -> dict[str, Any]:
    return {"subject": "subject-1", "mandates": [{"mandate_id": "m", "role": role, "scope_id": scope}]}


def place(local_government_id: str, name: str, country: str) -> dict[str, Any]:
    return {"local_government_id": local_government_id, "name": name, "country": country, "subdivision": None}


def filled(**changes: str) -> dict[str, str]:
    form = {
        "form_token": SESSION.form_token,
        "idempotency_key": KEY,
        "role": "secretariat",
        "person_name": "Noor Example",
        "person_email": "noor@example.org",
        "person_language": "ar",
    }
    return form | changes


def faults(text: str) -> list[tuple[str, str]]:
    """Where each sentence of the summary of errors leads, and the sentence."""
    summary = text.partition('<div class="errors"')[2].partition("</div>")[0]
    return re.findall(r'<a href="#([^"]+)">([^<]+)</a>', summary)


@pytest.fixture
def browser(visitor: httpx.AsyncClient, application: FastAPI, canned: Any) -> Iterator[httpx.AsyncClient]:
    """The network's secretariat before a register with two cities of one name."""
    canned.answers["GET /v1/me"] = held("secretariat")
    canned.answers[PLACES] = {"items": [place(CITY, "Vienna", "AT"), place(OTHER, "Vienna", "US")], "next": None}
    canned.answers[f"POST {GRANTING}"] = {"mandate_id": "m", "person_id": "p", "link": "k1.token"}
    application.dependency_overrides[required_session] = lambda: SESSION
    yield visitor
    application.dependency_overrides.clear()


def granted(canned: Any) -> list[dict[str, Any]]:
    return [json.loads(body) for body in canned.bodies("POST", GRANTING)]


async def test_the_link_is_shown_in_the_language_of_whoever_gets_it(browser: httpx.AsyncClient, canned: Any) -> None:
    answer = await browser.post(PAGE, data=filled())
    assert 'value="http://localhost:8080/ar/mandate/k1.token"' in answer.text
    assert "No mail is sent" in (await browser.get(PAGE)).text
    person = {"name": "Noor Example", "email": "noor@example.org", "language": "ar"}
    assert granted(canned) == [{"person": person, "role": "secretariat"}]
    assert [r.headers["Idempotency-Key"] for r in canned.asked if r.method == "POST"] == [KEY]


async def test_a_representative_is_given_the_place_that_was_chosen(browser: httpx.AsyncClient, canned: Any) -> None:
    form = filled(role="representative", place="vienna")
    asked = await browser.post(PAGE, data=form)
    assert (asked.status_code, faults(asked.text)) == (
        422,
        [("local_government", "Which one is meant: Please choose the one you mean.")],
    )
    assert all(text in asked.text for text in ("Austria", "United States", 'id="local_government"'))
    assert granted(canned) == []
    found_by = re.search(r'name="found_by" value="([^"]*)"', asked.text)
    assert found_by
    await browser.post(PAGE, data={**form, "found_by": found_by[1], "local_government_id": OTHER})
    assert [body["local_government_id"] for body in granted(canned)] == [OTHER]


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"role": ""}, ("role", "Acts as: Please fill this in.")),
        ({"role": "operator"}, ("role", "Acts as: Please fill this in.")),
        ({"person_name": " "}, ("person_name", "Name: Please fill this in.")),
        ({"person_email": ""}, ("person_email", "E-mail address: Please fill this in.")),
        ({"person_language": "xx"}, ("person_language", "Language: Please fill this in.")),
        ({"role": "representative"}, ("place", "City or territory: Please fill this in.")),
        # The name was changed after places had been found by another.
        (
            {"role": "representative", "place": "Vienna", "found_by": "Graz", "local_government_id": CITY},
            ("local_government", "Which one is meant: Please choose the one you mean."),
        ),
        # Not one of those that were found.
        (
            {"role": "representative", "place": "Vienna", "found_by": "Vienna", "local_government_id": KEY},
            ("local_government", "Which one is meant: Please choose the one you mean."),
        ),
    ],
)
async def test_what_is_missing_is_said_by_its_field_and_nothing_is_given(
    browser: httpx.AsyncClient, canned: Any, changes: dict[str, str], fault: tuple[str, str]
) -> None:
    answer = await browser.post(PAGE, data=filled(**changes))
    assert (answer.status_code, faults(answer.text), granted(canned)) == (422, [fault], [])
    field = re.search(rf'<(input|select)[^>]*id="{fault[0]}"', answer.text)
    assert field, "the summary leads to a control"
    assert f'id="{fault[0]}-fault"' in answer.text
    assert 'value="Noor Example"' in answer.text or fault[0] == "person_name"


async def test_a_name_that_the_register_has_not_is_said(browser: httpx.AsyncClient, canned: Any) -> None:
    canned.answers[PLACES] = {"items": [], "next": None}
    answer = await browser.post(PAGE, data=filled(role="representative", place="Nowhere"))
    said = "City or territory: No city or territory of the register has this name."
    assert (faults(answer.text), granted(canned)) == ([("place", said)], [])


async def test_more_places_than_are_offered_are_told_of(browser: httpx.AsyncClient, canned: Any) -> None:
    form = filled(role="representative", place="Vienna")
    more = "More match than are shown here"
    assert more not in (await browser.post(PAGE, data=form)).text
    canned.answers[PLACES]["next"] = "a-cursor"
    assert more in (await browser.post(PAGE, data=form)).text


async def test_what_the_api_refuses_stands_at_the_page_s_own_field(
    browser: httpx.AsyncClient, canned: Any, problem: Any
) -> None:
    errors = [{"field": "body.person.email", "reason": "bad_email", "message": "This is no address."}]
    canned.answers[f"POST {GRANTING}"] = problem(422, "invalid_request", errors=errors)
    answer = await browser.post(PAGE, data=filled(person_email="noor@"))
    assert (answer.status_code, faults(answer.text)) == (
        422,
        [("person_email", "E-mail address: This is no address.")],
    )
    assert 'aria-describedby="person_email-fault "' in answer.text
    assert f'name="idempotency_key" value="{KEY}"' in answer.text


async def test_an_operator_is_offered_the_secretariat_alone(browser: httpx.AsyncClient, canned: Any) -> None:
    canned.answers["GET /v1/me"] = held("operator", None)
    shown = (await browser.get(PAGE)).text
    assert ('value="secretariat"' in shown, 'value="representative"' in shown) == (True, False)
    refused = await browser.post(PAGE, data=filled(role="representative", place="Vienna"))
    assert (refused.status_code, granted(canned)) == (422, [])


@pytest.mark.parametrize(
    "mine", [held("secretariat", OTHER), held("representative"), {"subject": "subject-1", "mandates": []}]
)
async def test_whoever_may_give_none_sees_no_form(browser: httpx.AsyncClient, canned: Any, mine: Any) -> None:
    canned.answers["GET /v1/me"] = mine
    answers = [await browser.get(PAGE), await browser.post(PAGE, data=filled())]
    assert ([answer.status_code for answer in answers], granted(canned)) == ([404, 404], [])


async def test_a_form_of_another_session_gives_nothing(browser: httpx.AsyncClient, canned: Any) -> None:
    answer = await browser.post(PAGE, data=filled(form_token="another"))
    assert (answer.status_code, granted(canned)) == (403, [])
