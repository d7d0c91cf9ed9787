"""Every page of the portal is asked for by every kind of visitor: what is behind a session shows nobody else anything.

Pages declare no role of their own: the API decides with the visitor's token, and this sees that they ask it.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import pytest_asyncio
from fastapi import APIRouter, FastAPI
from polity_chassis.authorization.access import PUBLIC
from polity_chassis.clock import utc_now
from polity_chassis.database.engine import Database
from polity_local.running.platform import Platform
from polity_portal.auth.dependencies import FORM_TOKEN
from polity_portal.auth.identity import Grant
from polity_portal.auth.sessions import Session, Sessions
from polity_portal.web.page_routes import OPEN, page_router

SCOPED = {"network_id", "campaign_id"}
"""A page behind a session with one of these in its address belongs to one network's secretariat."""
OWNED = {"webhook_id"}
"""One with one of these belongs to whoever made it, and to operators: here it is an operator's."""


@dataclass(frozen=True)
class Visitor:
    """A browser: its cookie, and the form token that its pages would carry."""

    cookie: str = ""
    form_token: str = ""

    @property
    def headers(self) -> dict[str, str]:
        return {"Cookie": f"polity-session={self.cookie}"} if self.cookie else {}


Visits = Mapping[str, Visitor]


@pytest_asyncio.fixture
async def visitors(platform: Platform, applications: Mapping[str, FastAPI]) -> AsyncIterator[Visits]:
    """Signed-in people as the portal itself keeps them, and those who only pretend."""
    database = Database(platform.database_url("portal"), application_name="walk")
    sessions = Sessions(database, None, applications["portal"].state.runtime.settings)  # type: ignore[arg-type]
    found = {}
    for user in ("nobody", "secretariat2", "secretariat", "operations"):
        grant = Grant(user, user, platform.token(user), "", utc_now().timestamp() + 150)
        secret = await sessions.open(grant, utc_now())
        found[user] = Visitor(secret, Session(secret, grant).form_token)
    yield {
        "anonymous": Visitor(),
        "invented cookie": Visitor("x" * 43, "x"),
        "nobody": found["nobody"],
        "elsewhere": found["secretariat2"],
        "own, foreign form": Visitor(found["secretariat"].cookie, found["nobody"].form_token),
        "own": found["secretariat"],
        "operator": found["operations"],
    }
    await database.close()


def fault(route: Any, visitor: str, answer: httpx.Response) -> str | None:
    """Returns what is wrong with the answer that this kind of visitor got, None when it is as it should be."""
    right = _behind_a_session(route, visitor, answer) if route.session else _open(route, answer)
    return None if right else f"{route}: {visitor} got {answer.status_code} {answer.headers.get('location', '')}"


def _open(route: Any, answer: httpx.Response) -> bool:
    # The token in the address is forged: a form behind it does nothing.
    if route.method == "POST" and "token" in route.parameters():
        return 400 <= answer.status_code < 500
    return answer.status_code < 500


def _behind_a_session(route: Any, visitor: str, answer: httpx.Response) -> bool:
    status, to = answer.status_code, answer.headers.get("location", "")
    if visitor in ("anonymous", "invented cookie"):
        return status == 303 and to.startswith("/en/sign-in?")
    if route.method == "POST" and visitor == "own, foreign form":
        return status == 403
    if (SCOPED | OWNED) & set(route.parameters()) and visitor in ("nobody", "elsewhere"):
        # Without an upload or a selection of one's own a page leads back to where it begins.
        return status == 404 or (status == 303 and route.method == "GET" and "/office/" in to)
    return status < 500


async def test_every_page_with_every_visitor(
    platform: Platform, world: Any, routes: list[Any], visitors: Visits
) -> None:
    walked = [
        route for route in routes if route.service == "portal" and not route.path.startswith(("/health", "/metr"))
    ]
    assert {route.rule for route in walked} == {PUBLIC}
    # Whoever has signed out is nobody afterwards.
    walked.sort(key=lambda route: route.path.endswith("/sign-out"))
    found = []
    async with httpx.AsyncClient(base_url=platform.url, timeout=30) as browser:
        for route in walked:
            for name in visitors.keys() - {"own", "operator"}:
                visitor = visitors[name]
                form = {FORM_TOKEN: visitor.form_token} if route.method == "POST" else None
                answer = await browser.request(
                    route.method, route.address(world.values), headers=visitor.headers, data=form
                )
                found.append(fault(route, name, answer))
    assert [sentence for sentence in found if sentence] == []
    assert sum(route.session for route in walked) >= 13


async def test_the_network_s_own_secretariat_sees_its_pages(
    platform: Platform, world: Any, routes: list[Any], visitors: Visits
) -> None:
    """Else the refusals would prove nothing but that there is no such page."""
    scoped = [r for r in routes if r.session and r.method == "GET" and SCOPED & set(r.parameters())]
    async with httpx.AsyncClient(base_url=platform.url, timeout=30) as browser:
        for route in scoped:
            if "upload_id" not in route.parameters() and not route.path.endswith("/check"):
                answer = await browser.get(route.address(world.values), headers=visitors["own"].headers)
                assert answer.status_code == 200, route


async def test_whoever_made_a_subscription_sees_its_pages(
    platform: Platform, world: Any, routes: list[Any], visitors: Visits
) -> None:
    owned = [r for r in routes if r.session and r.method == "GET" and OWNED & set(r.parameters())]
    async with httpx.AsyncClient(base_url=platform.url, timeout=30) as browser:
        for route in owned:
            answer = await browser.get(route.address(world.values), headers=visitors["operator"].headers)
            assert answer.status_code == 200, route
            assert "https://partner.invalid/hooks" in answer.text
    assert owned


def forgetful(routes: list[Any]) -> list[str]:
    """Returns each page of the office that doesn't ask who is there."""
    return [route.path for route in routes if "/office" in route.path and not route.session]


def test_every_page_of_the_office_asks_for_a_session(routes: list[Any]) -> None:
    assert forgetful(routes) == []


def test_a_page_that_forgot_its_session_is_seen(plant: Callable[[str, APIRouter], list[Any]]) -> None:
    router = page_router()
    router.get("/{lang:lang}/office/planted", **OPEN)(lambda: None)
    assert forgetful(plant("portal", router)) == ["/{lang:lang}/office/planted"]


def test_a_page_that_shows_anyone_what_is_the_network_s_is_seen(routes: list[Any]) -> None:
    route = next(r for r in routes if r.session and "campaign_id" in r.parameters())
    for visitor in ("anonymous", "invented cookie", "nobody", "elsewhere"):
        assert fault(route, visitor, httpx.Response(200)), visitor
        assert fault(route, visitor, httpx.Response(500)), visitor


def test_a_form_of_another_session_that_is_taken_is_seen(routes: list[Any]) -> None:
    route = next(r for r in routes if r.session and r.method == "POST")
    assert fault(route, "own, foreign form", httpx.Response(303, headers={"location": "/en/office"}))
