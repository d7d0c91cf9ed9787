"""Signing in and out: whose session it is, how long it lasts, and what the database can tell of it."""

import asyncio
import re
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import httpx
import pytest
from polity_portal.auth import sessions
from polity_portal.auth.identity import Grant
from polity_portal.web.errors import SessionOver
from sqlalchemy import text

OFFICE = "/en/office"


def form_token(page: str) -> str:
    found = re.search(r'name="form_token" value="([^"]+)"', page)
    assert found
    return found[1]


async def test_a_person_signs_in_and_comes_back_to_the_page(stage: SimpleNamespace, canned: Any) -> None:
    browser = stage.browser()
    assert (await browser.get("/fr/office")).headers["location"] == "/fr/sign-in?next=%2Ffr%2Foffice"
    arrived = await stage.sign_in(browser, "/fr/office")
    assert (arrived.status_code, arrived.headers["location"]) == (303, "/fr/office")
    page = await browser.get("/fr/office")
    assert (page.status_code, "Ana Example" in page.text) == (200, True)
    assert canned.sent("GET", "/v1/me")[0].headers["authorization"] == "Bearer access-0"


async def test_cookies_are_out_of_reach_of_scripts_and_other_sites(stage: SimpleNamespace) -> None:
    browser = stage.browser()
    left = await browser.get("/en/sign-in")
    arrived = await stage.sign_in(browser)
    for cookie in (*left.headers.get_list("set-cookie"), *arrived.headers.get_list("set-cookie")):
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        assert "Path=/" in cookie
    assert "polity-sign-in" not in browser.cookies


async def test_cookies_are_for_https_alone_where_the_public_address_is(
    stage: SimpleNamespace, application: Any, settings: Any, realm: Any
) -> None:
    secure = settings.model_copy(update={"public_url": "https://polity.example"})
    application.state.portal = replace(application.state.portal, settings=secure)
    browser = stage.browser()
    browser.base_url = secure.public_url
    left = await browser.get("/en/sign-in")
    arrived = await browser.get(httpx.URL(realm.approve(left.headers["location"])).raw_path.decode())
    cookies = [*left.headers.get_list("set-cookie"), *arrived.headers.get_list("set-cookie")]
    assert {cookie.partition("=")[0] for cookie in cookies} == {"__Host-polity-sign-in", "__Host-polity-session"}
    assert ["Secure" in cookie for cookie in cookies] == [True] * len(cookies)
    assert (await browser.get(OFFICE)).status_code == 200


@pytest.mark.parametrize(
    "after", ["https://evil.example/", "//evil.example", "/\\evil.example", "/v1/me", "/en/../x y", "/en/%0d%0aX"]
)
async def test_signing_in_leads_to_no_other_place(stage: SimpleNamespace, after: str) -> None:
    assert (await stage.sign_in(stage.browser(), after)).headers["location"] == OFFICE


async def test_a_callback_of_another_browser_opens_no_session(stage: SimpleNamespace, realm: Any) -> None:
    mine, theirs = stage.browser(), stage.browser()
    callback = realm.approve((await theirs.get("/en/sign-in")).headers["location"])
    refused = await mine.get(callback)
    assert (refused.status_code, "set-cookie" in refused.headers) == (403, False)
    await mine.get("/en/sign-in")
    assert (await mine.get(callback)).status_code == 403
    assert (await mine.get(OFFICE)).status_code == 303


async def test_a_callback_with_another_state_does_not_even_use_the_code(stage: SimpleNamespace, realm: Any) -> None:
    browser = stage.browser()
    callback = realm.approve((await browser.get("/en/sign-in")).headers["location"])
    assert (await browser.get(f"{callback}x")).status_code == 403
    assert len(realm.codes) == 1


async def test_a_code_works_once(stage: SimpleNamespace, realm: Any) -> None:
    browser = stage.browser()
    callback = realm.approve((await browser.get("/en/sign-in")).headers["location"])
    attempt = dict(browser.cookies)
    assert (await browser.get(callback)).status_code == 303
    again = stage.browser()
    again.cookies.update(attempt)
    assert (await again.get(callback)).status_code == 403


@pytest.mark.parametrize(
    "claims", [{"nonce": "other"}, {"iss": "http://other"}, {"aud": "polity-test"}, {"exp": 1}, {"nonce": None}]
)
async def test_an_id_token_that_is_not_for_this_sign_in_is_refused(
    stage: SimpleNamespace, realm: Any, claims: dict[str, Any]
) -> None:
    realm.claims = claims
    assert (await stage.sign_in(stage.browser())).status_code == 403


async def test_cancelling_at_the_realm_is_a_plain_page(stage: SimpleNamespace) -> None:
    browser = stage.browser()
    await browser.get("/en/sign-in")
    page = await browser.get("/sign-in/callback?error=access_denied&state=x")
    assert (page.status_code, "Signing in did not work" in page.text) == (403, True)


async def test_a_realm_that_does_not_answer_is_a_plain_page(stage: SimpleNamespace, realm: Any) -> None:
    browser = stage.browser()
    callback = realm.approve((await browser.get("/en/sign-in")).headers["location"])
    realm.down = True
    assert (await browser.get(callback)).status_code == 503


async def test_tokens_are_refreshed_once_before_they_end(stage: SimpleNamespace, realm: Any, clock: Any) -> None:
    browser = stage.browser()
    await stage.sign_in(browser)
    clock.forward(seconds=200)
    await browser.get(OFFICE)
    assert realm.refreshed == 0
    clock.forward(seconds=80)
    for _ in range(2):
        assert (await browser.get(OFFICE)).status_code == 200
    assert realm.refreshed == 1


async def test_requests_at_once_refresh_once(stage: SimpleNamespace, realm: Any, clock: Any) -> None:
    browser = stage.browser()
    await stage.sign_in(browser)
    clock.forward(seconds=280)
    pages = await asyncio.gather(*(browser.get(OFFICE) for _ in range(5)))
    assert [page.status_code for page in pages] == [200] * 5
    assert realm.refreshed == 1


async def test_once_the_token_is_over_one_refreshes_and_the_others_wait(
    stage: SimpleNamespace, realm: Any, clock: Any
) -> None:
    browser = stage.browser()
    await stage.sign_in(browser)
    clock.forward(seconds=400)
    pages = await asyncio.gather(*(browser.get(OFFICE) for _ in range(5)))
    assert [page.status_code for page in pages] == [200] * 5
    assert realm.refreshed == 1


async def rows(stage: SimpleNamespace, statement: str, **parameters: Any) -> list[Any]:
    async with stage.database.transaction() as work:
        return list((await (await work.connection()).execute(text(statement), parameters)).all())


TAKE = "UPDATE session SET refreshing_until = now() + CAST(:left AS interval) RETURNING 1"


@pytest.mark.parametrize(("spent", "status"), [(280, 200), (400, 503)])
async def test_while_another_process_refreshes_a_good_token_serves_and_a_spent_one_waits_and_gives_up(
    stage: SimpleNamespace, realm: Any, clock: Any, monkeypatch: pytest.MonkeyPatch, spent: int, status: int
) -> None:
    monkeypatch.setattr(sessions, "REFRESH_LOOK_SECONDS", 0.01)
    browser = stage.browser()
    await stage.sign_in(browser)
    clock.forward(seconds=spent)
    await rows(stage, TAKE, left=timedelta(seconds=30))
    assert (await browser.get(OFFICE)).status_code == status
    assert realm.refreshed == 0
    # Whoever had begun was killed.
    await rows(stage, TAKE, left=timedelta(seconds=-1))
    assert (await browser.get(OFFICE)).status_code == 200
    assert realm.refreshed == 1


async def test_a_realm_that_fails_once_is_asked_again_at_once(stage: SimpleNamespace, realm: Any, clock: Any) -> None:
    browser = stage.browser()
    await stage.sign_in(browser)
    clock.forward(seconds=400)
    realm.down = True
    assert (await browser.get(OFFICE)).status_code == 503
    realm.down = False
    assert (await browser.get(OFFICE)).status_code == 200


async def test_whoever_refreshes_late_overwrites_no_newer_tokens(
    stage: SimpleNamespace, realm: Any, clock: Any, canned: Any
) -> None:
    browser = stage.browser()
    await stage.sign_in(browser)
    clock.forward(seconds=400)

    async def meanwhile() -> None:
        await rows(stage, TAKE, left=timedelta(seconds=-1))
        realm.access = "second"
        assert (await browser.get(OFFICE)).status_code == 200
        realm.access = "first"

    realm.meanwhile = meanwhile
    assert (await browser.get(OFFICE)).status_code == 200
    canned.asked.clear()
    assert (await browser.get(OFFICE)).status_code == 200
    assert canned.sent("GET", "/v1/me")[0].headers["authorization"] == "Bearer second"
    assert realm.refreshed == 2


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, html="<html>Sign in to the town hall's network</html>"),
        httpx.Response(200, json={"access_token": "x"}),
        httpx.Response(200, json=["x"]),
        httpx.Response(200, json={"access_token": "a\nb", "refresh_token": "x", "expires_in": 300}),
    ],
    ids=["a page", "half of it", "a list", "no header's value"],
)
async def test_an_answer_of_the_realm_that_nobody_can_read_is_a_realm_that_is_away(
    stage: SimpleNamespace, realm: Any, clock: Any, answer: httpx.Response
) -> None:
    arriving, browser = stage.browser(), stage.browser()
    callback = realm.approve((await arriving.get("/en/sign-in")).headers["location"])
    await stage.sign_in(browser)
    realm.unreadable = answer
    assert (await arriving.get(callback)).status_code == 503
    clock.forward(seconds=400)
    assert (await browser.get(OFFICE)).status_code == 503
    realm.unreadable = None
    assert (await browser.get(OFFICE)).status_code == 200


async def test_sessions_that_are_over_go_with_their_files_slice_by_slice(
    stage: SimpleNamespace, clock: Any, application: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "MOST_AT_ONCE", 2)
    auth = application.state.auth
    await rows(stage, "DELETE FROM session RETURNING 1")
    for _ in range(5):
        await stage.sign_in(stage.browser())
    found = [await auth.sessions.find(secret, clock()) for secret in [await auth.sessions.open(GRANT, clock())]]
    await auth.uploads.keep(found[0], uuid4(), uuid4(), {"content": "x"}, clock())
    clock.forward(minutes=59)
    fresh = stage.browser()
    await stage.sign_in(fresh)
    assert await auth.sessions.remove_ended(clock()) == 0
    clock.forward(minutes=2)
    assert [await auth.sessions.remove_ended(clock()) for _ in range(4)] == [2, 2, 2, 0]
    assert await rows(stage, "SELECT 1 FROM upload") == []
    assert (await fresh.get(OFFICE)).status_code == 200


GRANT = Grant("subject-1", "Ana", "access", "refresh", 2_000_000_000.0)


async def test_the_same_file_checked_twice_at_once_is_kept_once(
    stage: SimpleNamespace, clock: Any, application: Any
) -> None:
    auth, upload, network = application.state.auth, uuid4(), uuid4()
    session = await auth.sessions.find(await auth.sessions.open(GRANT, clock()), clock())
    keeping = [auth.uploads.keep(session, upload, network, {"content": str(n)}, clock()) for n in range(5)]
    await asyncio.gather(*keeping)
    assert (await auth.uploads.find(session, upload, network))["content"] in "01234"


async def test_a_file_of_a_session_that_has_ended_meanwhile_is_kept_nowhere(
    stage: SimpleNamespace, clock: Any, application: Any
) -> None:
    auth = application.state.auth
    session = await auth.sessions.find(await auth.sessions.open(GRANT, clock()), clock())
    await auth.sessions.close(session.secret)
    with pytest.raises(SessionOver):
        await auth.uploads.keep(session, uuid4(), uuid4(), {"content": "x"}, clock())


async def test_a_session_that_the_realm_ended_is_over(stage: SimpleNamespace, realm: Any, clock: Any) -> None:
    browser = stage.browser()
    await stage.sign_in(browser)
    realm.ended.append("refresh-1")
    clock.forward(seconds=290)
    assert (await browser.get(OFFICE)).status_code == 303
    realm.ended.clear()
    assert (await browser.get(OFFICE)).status_code == 303


async def test_a_session_ends_when_nobody_used_it_and_at_the_end_of_the_day(stage: SimpleNamespace, clock: Any) -> None:
    idle, busy = stage.browser(), stage.browser()
    for browser in (idle, busy):
        await stage.sign_in(browser)
    for _ in range(14):
        clock.forward(minutes=50)
        assert (await busy.get(OFFICE)).status_code == 200
    assert (await idle.get(OFFICE)).status_code == 303
    clock.forward(minutes=25)
    assert (await busy.get(OFFICE)).status_code == 303


async def test_signing_out_ends_the_session_here_and_at_the_realm(stage: SimpleNamespace, realm: Any) -> None:
    browser = stage.browser()
    await stage.sign_in(browser)
    cookie = browser.cookies["polity-session"]
    token = form_token((await browser.get(OFFICE)).text)
    out = await browser.post("/en/sign-out", data={"form_token": token})
    assert (out.headers["location"], realm.ended) == ("/en/signed-out", ["refresh-1"])
    assert "polity-session" not in browser.cookies
    browser.cookies.set("polity-session", cookie, domain="localhost.local")
    assert (await browser.get(OFFICE)).status_code == 303


async def test_signing_out_works_without_the_realm_and_says_so(stage: SimpleNamespace, realm: Any) -> None:
    browser = stage.browser()
    await stage.sign_in(browser)
    token = form_token((await browser.get(OFFICE)).text)
    realm.down = True
    out = await browser.post("/en/sign-out", data={"form_token": token})
    assert "did not answer" in (await browser.get(out.headers["location"])).text
    assert (await browser.get(OFFICE)).status_code == 303


@pytest.mark.parametrize("token", [None, "", "x" * 43])
async def test_a_form_without_the_sessions_token_is_refused(stage: SimpleNamespace, token: str | None) -> None:
    browser, other = stage.browser(), stage.browser()
    for each in (browser, other):
        await stage.sign_in(each)
    theirs = form_token((await other.get(OFFICE)).text)
    for given in (token, theirs):
        refused = await browser.post("/en/sign-out", data={} if given is None else {"form_token": given})
        assert refused.status_code == 403
    assert (await browser.get(OFFICE)).status_code == 200


async def test_the_database_tells_nobody_who_was_here(stage: SimpleNamespace) -> None:
    browser = stage.browser()
    await stage.sign_in(browser)
    cookie = browser.cookies["polity-session"]
    async with stage.database.transaction() as work:
        rows = (await (await work.connection()).execute(text("SELECT id_hash, sealed FROM session"))).all()
    stored = b"".join(part for row in rows for part in row)
    for secret in (cookie, "Ana Example", "access-0", "refresh-1", "subject-1"):
        assert secret.encode() not in stored


async def test_a_new_sign_in_replaces_the_session(stage: SimpleNamespace) -> None:
    browser = stage.browser()
    await stage.sign_in(browser)
    first = browser.cookies["polity-session"]
    await stage.sign_in(browser)
    assert browser.cookies["polity-session"] != first
    old = stage.browser()
    old.cookies.set("polity-session", first)
    assert (await old.get(OFFICE)).status_code == 303


async def test_a_mandate_is_accepted_by_whoever_is_signed_in(stage: SimpleNamespace, canned: Any) -> None:
    canned.answers["POST /v1/mandate-links"] = {"mandate_id": "m", "role": "secretariat", "scope_id": "n"}
    address = "/es/mandate/k1.abc.1.def"
    browser = stage.browser()
    left = await browser.post("/es/sign-in", data={"next": address})
    assert "mandate" not in left.headers["location"]
    assert "mandate" not in str((await browser.get("/es/sign-in")).headers["location"])
    assert (await stage.sign_in(browser, address)).headers["location"] == address
    token = form_token((await browser.get(address)).text)
    done = await browser.post(address, data={"form_token": token})
    assert done.headers["location"] == "/es/office"
    sent = canned.sent("POST", "/v1/mandate-links")[0]
    assert (sent.headers["authorization"], sent.content) == ("Bearer access-0", b'{"link":"k1.abc.1.def"}')


async def test_an_id_token_signed_by_an_unknown_key_is_refused(stage: SimpleNamespace, realm: Any) -> None:
    realm.kid = "k2"
    assert (await stage.sign_in(stage.browser())).status_code == 403
