"""A city's answer, as far as the pages decide it. The link in the address is the key."""

import json
import re
from typing import Any

import httpx
import pytest

TOKEN = "k1.AZmgAAAAcACAAAAAAAAAAw.1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
PAGE = f"/en/answer/{TOKEN}"
COMMITMENT = "/v1/answer/commitment"
WHOM = {
    "name": {"en": "Committee"},
    "fallback_language": "en",
    "contact_email": "office@network.example",
    "returned": None,
}
FILLED = {
    "signatory_name": "Ana Example",
    "signatory_office": "Mayor",
    "signed_on": "2026-07-20",
    "theme_1": "water",
    "theme_2": "housing",
    "theme_3": "culture",
    "confirmed": "yes",
    "idempotency_key": "0199a000-0000-7000-8000-00000000000a",
}


async def test_the_deadline_stands_in_its_own_zone_and_in_the_citys(visitor: httpx.AsyncClient) -> None:
    text = (await visitor.get(PAGE)).text
    assert "15 September 2026, 23:59 (Madrid, UTC+02:00)" in text
    assert "16 September 2026, 06:59 (Seoul, UTC+09:00)" in text


async def test_a_page_from_right_to_left_keeps_the_citys_name_in_order(
    visitor: httpx.AsyncClient, canned: Any, answer: Any
) -> None:
    canned.answers["GET /v1/answer"] = answer("interested")
    text = (await visitor.get(f"/ar/answer/{TOKEN}")).text
    assert '<html lang="ar" dir="rtl">' in text
    assert "<title>دعوة إلى Gwangju · Polity</title>" in text
    assert "دعوة إلى <bdi>Gwangju</bdi>، كوريا الجنوبية" in text
    assert "16 سبتمبر 2026، 6:59 ص (سول، UTC+09:00)" in text
    assert re.search(r'name="signatory_name"[^>]*dir="auto"', text)


async def test_what_is_not_translated_is_shown_in_its_own_language_and_says_so(visitor: httpx.AsyncClient) -> None:
    text = (await visitor.get(f"/ar/answer/{TOKEN}")).text
    assert "لم يُترجم هذا النص بعد؛ ترونه بلغته الأصلية: الإنجليزية." in text
    assert '<div class="prose" lang="en" dir="ltr">' in text


async def test_the_pledge_form_opens_after_the_interest(visitor: httpx.AsyncClient, canned: Any, answer: Any) -> None:
    assert 'name="signatory_name"' not in (await visitor.get(PAGE)).text
    canned.answers["GET /v1/answer"] = answer("interested")
    page = await visitor.get(PAGE)
    assert 'name="signatory_name"' in page.text
    assert re.search(r'name="signed_on"[^>]*value="2026-07-20"', page.text)


async def test_looking_changes_nothing(visitor: httpx.AsyncClient, canned: Any) -> None:
    await visitor.get(PAGE)
    await visitor.head(PAGE)
    assert {request.method for request in canned.asked} == {"GET"}


async def test_the_token_travels_in_the_header_only(visitor: httpx.AsyncClient, canned: Any) -> None:
    await visitor.get(PAGE)
    request = canned.asked[0]
    assert (str(request.url), request.headers["authorization"]) == ("http://api.test/v1/answer", f"Link {TOKEN}")


async def test_interest_is_said_and_leads_back(visitor: httpx.AsyncClient, canned: Any) -> None:
    answered = await visitor.post(f"{PAGE}/interest")
    assert (answered.status_code, answered.headers["location"]) == (303, f"{PAGE}#pledge")
    assert len(canned.bodies("POST", "/v1/answer/interest")) == 1


async def test_a_pledge_is_sent_once_with_its_key_and_leads_back(
    visitor: httpx.AsyncClient, canned: Any, answer: Any
) -> None:
    canned.answers["GET /v1/answer"] = answer("interested")
    answered = await visitor.post(f"{PAGE}/commitment", data=FILLED)
    assert (answered.status_code, answered.headers["location"]) == (303, PAGE)
    sent = next(request for request in canned.asked if request.method == "POST")
    assert sent.headers["idempotency-key"] == FILLED["idempotency_key"]
    assert b'"themes":["water","housing","culture"]' in sent.content.replace(b", ", b",").replace(b": ", b":")


@pytest.mark.parametrize(
    ("changed", "field", "words"),
    [
        ({"signatory_name": " "}, "signatory_name", "Please fill this in."),
        ({"signatory_office": "x" * 201}, "signatory_office", "This is too long."),
        ({"signed_on": "20/07/2026"}, "signed_on", "Please give a date"),
        ({"signed_on": "2026-07-22"}, "signed_on", "This day is still to come."),
        ({"theme_2": "water"}, "theme_2", "Each theme can be chosen once only."),
        ({"theme_3": "unknown"}, "theme_3", "Please fill this in."),
        ({"confirmed": ""}, "confirmed", "Please confirm before you send."),
    ],
)
async def test_what_is_wrong_is_said_at_its_field_and_the_rest_is_kept(
    visitor: httpx.AsyncClient, canned: Any, answer: Any, changed: dict[str, str], field: str, words: str
) -> None:
    canned.answers["GET /v1/answer"] = answer("interested")
    page = await visitor.post(f"{PAGE}/commitment", data=FILLED | changed)
    assert page.status_code == 422
    assert "<title>Error: " in page.text
    assert re.search(rf'<a href="#{field}">[^<]*{re.escape(words)}', page.text)
    assert re.search(rf'id="{field}"[^>]*aria-invalid="true"[^>]*aria-describedby="{field}-fault', page.text)
    assert re.search(rf'id="{field}-fault">{re.escape(words)}', page.text)
    kept = "Mayor" if field != "signatory_office" else "Ana Example"
    assert f'value="{kept}"' in page.text
    assert canned.bodies("POST", COMMITMENT) == []


async def test_tomorrow_is_accepted_where_it_is_tomorrow_already(
    visitor: httpx.AsyncClient, canned: Any, answer: Any
) -> None:
    canned.answers["GET /v1/answer"] = answer("interested")
    assert (await visitor.post(f"{PAGE}/commitment", data=FILLED | {"signed_on": "2026-07-21"})).status_code == 303


async def test_what_the_api_refuses_is_said_in_its_words(
    visitor: httpx.AsyncClient, canned: Any, answer: Any, problem: Any
) -> None:
    canned.answers["GET /v1/answer"] = answer("interested")
    canned.answers[f"POST {COMMITMENT}"] = problem(
        422, "invalid_request", errors=[{"field": "signatory_name", "reason": "control_character", "message": "Odd."}]
    )
    page = await visitor.post(f"/fr/answer/{TOKEN}/commitment", data=FILLED)
    assert (page.status_code, "Odd." in page.text) == (422, True)
    assert canned.asked[-1].headers["accept-language"] == "fr"


async def test_a_refused_theme_is_said_at_the_themes(
    visitor: httpx.AsyncClient, canned: Any, answer: Any, problem: Any
) -> None:
    canned.answers["GET /v1/answer"] = answer("interested")
    canned.answers[f"POST {COMMITMENT}"] = problem(422, "themes_invalid")
    page = await visitor.post(f"{PAGE}/commitment", data=FILLED)
    assert (page.status_code, 'href="#themes">Themes: Said about themes_invalid' in page.text) == (422, True)


async def test_a_second_pledge_leads_to_the_thanks(
    visitor: httpx.AsyncClient, canned: Any, answer: Any, problem: Any
) -> None:
    canned.answers["GET /v1/answer"] = answer("interested")
    canned.answers[f"POST {COMMITMENT}"] = problem(409, "already_committed")
    assert (await visitor.post(f"{PAGE}/commitment", data=FILLED)).headers["location"] == PAGE
    canned.answers["GET /v1/answer"] = answer("committed")
    assert (await visitor.post(f"{PAGE}/commitment", data=FILLED)).headers["location"] == PAGE
    assert len(canned.bodies("POST", COMMITMENT)) == 1
    thanks = await visitor.get(PAGE)
    assert "No. 38" in thanks.text
    assert thanks.text.index("Water") < thanks.text.index("Housing") < thanks.text.index("Culture")
    assert "<form" not in thanks.text.split("<main")[1]


@pytest.mark.parametrize(
    ("status", "slug", "words"),
    [
        (404, "link_unknown", "This link is not known"),
        (410, "link_expired", "This link has expired"),
        (410, "link_revoked", "This link has been withdrawn"),
    ],
)
@pytest.mark.parametrize("way", ["get", "letter", "interest", "draft", "commitment"])
async def test_a_link_that_opens_nothing_says_so_and_no_more(
    visitor: httpx.AsyncClient, canned: Any, problem: Any, status: int, slug: str, words: str, way: str
) -> None:
    for asked in ("GET /v1/answer", "POST /v1/answer/interest", "PUT /v1/answer/draft", f"POST {COMMITMENT}"):
        canned.answers[asked] = problem(status, slug)
    canned.answers["GET /v1/answer/secretariat"] = WHOM
    read = {"get": PAGE, "letter": f"{PAGE}/letter"}
    page = await (visitor.get(read[way]) if way in read else visitor.post(f"{PAGE}/{way}", data=FILLED))
    assert (page.status_code, words in page.text) == (status, True)
    assert "Gwangju" not in page.text
    assert "Human Rights" not in page.text
    assert ("office@network.example" in page.text) == (slug != "link_unknown")


@pytest.mark.parametrize("status", ["invited", "interested"])
@pytest.mark.parametrize(("reason", "sent"), [("", {}), ("Elections", {"reason": "Elections"})])
async def test_a_city_says_not_this_time_with_a_reason_or_without(
    visitor: httpx.AsyncClient, canned: Any, answer: Any, status: str, reason: str, sent: dict[str, str]
) -> None:
    canned.answers |= {"GET /v1/answer": answer(status), "POST /v1/answer/decline": {"status": "declined"}}
    assert f'action="{PAGE}/decline"' in (await visitor.get(PAGE)).text
    page = await visitor.post(f"{PAGE}/decline", data={"decline_reason": f" {reason} "})
    assert (page.status_code, page.headers["location"]) == (303, f"{PAGE}#answered")
    (body,) = canned.bodies("POST", "/v1/answer/decline")
    assert json.loads(body) == sent


async def test_whoever_declined_sees_it_and_may_change_their_mind(
    visitor: httpx.AsyncClient, canned: Any, answer: Any
) -> None:
    canned.answers["GET /v1/answer"] = answer("declined")
    text = (await visitor.get(PAGE)).text
    assert "You answered: not this time" in text
    assert "We are interested after all" in text
    assert f'action="{PAGE}/interest"' in text
    assert not [form for form in ("decline", "commitment", "draft") if f'"{PAGE}/{form}"' in text]


async def test_a_reason_that_is_refused_stays_in_its_field(
    visitor: httpx.AsyncClient, canned: Any, problem: Any
) -> None:
    errors = [{"field": "reason", "reason": "too_long", "message": "Too long."}]
    canned.answers["POST /v1/answer/decline"] = problem(422, "invalid_request", errors=errors)
    page = await visitor.post(f"{PAGE}/decline", data={"decline_reason": "<long>"})
    assert (page.status_code, 'value="&lt;long&gt;"' in page.text) == (422, True)
    assert '<details class="decline" open>' in page.text
    assert 'href="#decline_reason"' in page.text


async def test_a_pledge_given_meanwhile_is_shown_instead_of_a_no(
    visitor: httpx.AsyncClient, canned: Any, problem: Any
) -> None:
    canned.answers["POST /v1/answer/decline"] = problem(409, "already_committed")
    assert (await visitor.post(f"{PAGE}/decline", data={})).headers["location"] == f"{PAGE}#answered"


@pytest.mark.parametrize("reason", ["<Sign> it", None])
async def test_after_the_deadline_the_link_still_says_why_the_pledge_was_returned(
    visitor: httpx.AsyncClient, canned: Any, problem: Any, reason: str | None
) -> None:
    returned = {"returned_at": "2026-07-19T10:00:00Z", "reason": reason}
    canned.answers["GET /v1/answer"] = problem(410, "link_expired")
    canned.answers["GET /v1/answer/secretariat"] = {**WHOM, "returned": returned}
    page = await visitor.get(PAGE)
    assert (page.status_code, "Your pledge was returned" in page.text) == (410, True)
    assert ("&lt;Sign&gt; it" if reason else "No reason is kept any more") in page.text
    assert "office@network.example" in page.text


@pytest.mark.parametrize("way", ["draft", "commitment"])
@pytest.mark.parametrize("language", ["en", "ar"])
async def test_what_was_typed_is_shown_when_the_deadline_passed_meanwhile(
    visitor: httpx.AsyncClient, canned: Any, answer: Any, problem: Any, way: str, language: str
) -> None:
    canned.answers |= {
        "GET /v1/answer": answer("interested"),
        "PUT /v1/answer/draft": problem(410, "link_expired"),
        f"POST {COMMITMENT}": problem(410, "link_expired"),
        "GET /v1/answer/secretariat": WHOM,
    }
    page = await visitor.post(f"/{language}/answer/{TOKEN}/{way}", data={**FILLED, "signatory_name": "<Ana>"})
    assert page.status_code == 410
    assert "office@network.example" in page.text
    shown = re.findall(r'<dd dir="auto">(.*?)</dd>', page.text)
    assert shown == ["&lt;Ana&gt;", "Mayor", "2026-07-20", "water", "housing", "culture"]


async def test_what_was_typed_is_shown_though_nobody_can_say_whom_to_ask(
    visitor: httpx.AsyncClient, canned: Any, answer: Any, problem: Any
) -> None:
    canned.answers |= {
        "GET /v1/answer": answer("interested"),
        f"POST {COMMITMENT}": problem(410, "link_expired"),
        "GET /v1/answer/secretariat": problem(503, "unavailable"),
    }
    page = await visitor.post(f"{PAGE}/commitment", data=FILLED)
    assert (page.status_code, "Ana Example" in page.text) == (410, True)


@pytest.mark.parametrize("token", ["x" * 301, "a b", "a%0d%0ab", "ä"])
async def test_what_cannot_be_a_link_is_not_even_asked(visitor: httpx.AsyncClient, canned: Any, token: str) -> None:
    page = await visitor.get(f"/en/answer/{token}")
    assert (page.status_code, "This link is not known" in page.text, canned.asked) == (404, True, [])


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Origin": "null", "Sec-Fetch-Site": "same-site"},
    ],
)
async def test_forms_of_other_sites_are_refused(
    visitor: httpx.AsyncClient, canned: Any, headers: dict[str, str]
) -> None:
    page = await visitor.post(f"{PAGE}/interest", headers=headers)
    assert (page.status_code, canned.asked) == (403, [])


@pytest.mark.parametrize(
    "headers", [{}, {"Origin": "null", "Sec-Fetch-Site": "same-origin"}, {"Origin": "http://localhost:8080"}]
)
async def test_our_own_forms_are_accepted_though_they_name_no_referrer(
    visitor: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    assert (await visitor.post(f"{PAGE}/interest", headers=headers)).status_code == 303


async def test_an_answer_page_is_kept_by_nobody(visitor: httpx.AsyncClient) -> None:
    headers = (await visitor.get(PAGE)).headers
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-robots-tag"] == "noindex"


async def test_a_reloaded_form_answer_leads_back_to_the_page(visitor: httpx.AsyncClient) -> None:
    assert (await visitor.get(f"/es/answer/{TOKEN}/commitment")).headers["location"] == f"/es/answer/{TOKEN}"
