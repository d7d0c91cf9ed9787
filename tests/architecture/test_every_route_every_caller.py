"""Every route of every service is walked with every kind of caller; what each gets follows from the route's rule.

A new route is walked as soon as it is there. One whose path has a parameter that the walk doesn't know yet fails it:
`world` in conftest.py then needs a row for that parameter.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import httpx
import pytest
from fastapi import APIRouter
from polity_chassis.authorization.access import LINK, OPERATOR, PUBLIC, SIGNED_IN, Rule, role
from polity_chassis.authorization.guarded_routes import Unguarded
from polity_local.openapi.document import DOCUMENT
from polity_local.parts.services import ROLES
from polity_local.running.platform import Platform

Status = Callable[[Any, Mapping[str, str]], int]
"""(route, headers) → the status of the answer."""
FINE = frozenset(range(200, 400))
THROUGH = frozenset(range(200, 500)) - {401, 403, 404}
"""Whoever may call is let in; what the empty request lacks is said afterwards."""
TOKENS = {"nobody", "partner", "elsewhere"}
LINKS = {"another's link": THROUGH, "forged link": frozenset({404}), "link of another purpose": frozenset({404})}
"""Another invitation's link opens that invitation: the routes for links name no row, so there is none to mistake."""


def expected(rule: Rule, caller: str, *, gateway: bool) -> frozenset[int]:
    """What a caller without a mandate for the row, and without the link of the invitation, may be answered."""
    if rule.grants:
        refused = 404 if any(grant.scope for grant in rule.grants) else 403
        return frozenset({refused if caller in TOKENS else 401})
    if rule.signed_in:
        return THROUGH if caller in TOKENS else frozenset({401})
    if rule.link:
        return LINKS.get(caller, frozenset({401}))
    # The gateway refuses a bad token wherever it comes along.
    return frozenset({401}) if caller == "garbage" and gateway else FINE


def walk(routes: Iterable[Any], callers: Mapping[str, Mapping[str, str]], ask: Status, *, gateway: bool) -> list[str]:
    """Returns a sentence for each caller who was answered otherwise than the route's rule says."""
    return [
        f"{route}: {caller} got {status}"
        for route in routes
        for caller, headers in callers.items()
        if (status := ask(route, headers)) not in expected(route.rule, caller, gateway=gateway)
    ]


def asking(client: httpx.Client, base: Callable[[Any], str], values: Mapping[str, str]) -> Status:
    """Asks over HTTP, a POST with an empty object, which changes nothing that needs a value."""

    def ask(route: Any, headers: Mapping[str, str]) -> int:
        body = {"json": {}} if route.method != "GET" else {}
        address = base(route) + route.address(values)
        return client.request(route.method, address, headers=dict(headers), **body).status_code

    return ask


def of_the_api(routes: Iterable[Any]) -> list[Any]:
    return [route for route in routes if route.path.startswith("/v1/")]


@pytest.fixture(scope="module")
def client() -> Any:
    with httpx.Client(timeout=30) as made:
        yield made


def undocumented(routes: Iterable[Any], document: Mapping[str, Any]) -> list[str]:
    """Returns each route under /v1 that the merged document doesn't show with the very rule that guards it."""
    return [
        str(route)
        for route in of_the_api(routes)
        if document["paths"].get(route.path, {}).get(route.method.lower(), {}).get("x-access") != route.rule.name
    ]


def test_the_document_shows_every_route_with_the_rule_that_guards_it(routes: list[Any]) -> None:
    document = json.loads(DOCUMENT.read_text())
    assert undocumented(routes, document) == []
    shown = {(method.upper(), path) for path, item in document["paths"].items() for method in item}
    assert shown == {(route.method, route.path) for route in of_the_api(routes)}
    assert {route.service for route in routes} == set(ROLES)


def test_a_wrong_caller_gets_nothing_through_the_gateway(
    platform: Platform, world: Any, routes: list[Any], client: httpx.Client
) -> None:
    ask = asking(client, lambda _: platform.url, world.values)
    assert walk(of_the_api(routes), world.wrong, ask, gateway=True) == []
    answer = client.get(f"{platform.url}/v1/answer", headers=world.link).json()
    assert (answer["invitation_id"], answer["status"]) == (world.answers, "invited")


def test_a_wrong_caller_gets_nothing_from_a_service_itself(
    platform: Platform, world: Any, routes: list[Any], client: httpx.Client
) -> None:
    ask = asking(client, lambda route: platform.service_url(route.service), world.values)
    assert walk(of_the_api(routes), world.wrong, ask, gateway=False) == []


def test_what_a_process_tells_of_itself_stays_behind_the_gateway(
    platform: Platform, world: Any, routes: list[Any], client: httpx.Client
) -> None:
    inner = [route for route in routes if route.path.startswith("/health/") or route.path == "/metrics"]
    assert len(inner) == 3 * len(ROLES)
    ask = asking(client, lambda _: platform.url, world.values)
    callers = {**world.wrong, "operator": world.operator}
    assert {ask(route, headers) for route in inner for headers in callers.values()} == {404}


def test_the_right_caller_is_let_in(platform: Platform, world: Any, routes: list[Any], client: httpx.Client) -> None:
    """Else the refusals above would prove nothing but that there is no such row."""
    ask = asking(client, lambda _: platform.url, world.values)
    # What removes a row comes last.
    for route in sorted(of_the_api(routes), key=lambda route: (route.method == "DELETE", route.method, route.path)):
        grants = route.rule.grants
        headers = world.link if route.rule.link else world.secretariat
        if grants and grants[-1].scope is None:
            headers = world.operator
        # Of what waits at a desk there is nothing here: an operator is told so.
        allowed = THROUGH | {404} if "parked_id" in route.parameters() else THROUGH
        assert ask(route, headers) in allowed, route


PLANTED = APIRouter()


@PLANTED.get("/v1/planted")
async def planted() -> None:
    """A route that says nothing of who may call it."""


@pytest.mark.parametrize("service", ROLES)
def test_no_service_starts_with_a_route_that_declares_no_rule(
    plant: Callable[[str, APIRouter], list[Any]], service: str
) -> None:
    with pytest.raises(Unguarded, match="/v1/planted"):
        plant(service, PLANTED)


RULES = {
    "public": PUBLIC,
    "signed in": SIGNED_IN,
    "link": LINK,
    "operator": OPERATOR,
    "role": role("any", "network_id"),
}


class Planted:
    """A route with a rule, of no service."""

    def __init__(self, rule: Rule) -> None:
        self.rule, self.method, self.path = rule, "GET", "/v1/planted"

    def __str__(self) -> str:
        return self.rule.name


@pytest.mark.parametrize("rule", [name for name in RULES if name != "public"])
def test_the_walk_sees_a_guard_that_lets_everyone_in(rule: str) -> None:
    callers: dict[str, dict[str, str]] = {"anonymous": {}, "garbage": {}, "forged link": {}}
    seen = walk([Planted(RULES[rule])], callers, lambda *_: 200, gateway=True)
    assert [sentence.partition(": ")[2] for sentence in seen] == [f"{caller} got 200" for caller in callers]


@pytest.mark.parametrize("rule", RULES)
def test_the_walk_sees_a_failure(rule: str) -> None:
    assert walk([Planted(RULES[rule])], {"anonymous": {}, "nobody": {}}, lambda *_: 500, gateway=True) != []


def test_a_route_that_is_not_documented_is_seen() -> None:
    document = {"paths": {"/v1/planted": {"get": {"x-access": "public"}}}}
    assert undocumented([Planted(PUBLIC)], document) == []
    assert undocumented([Planted(OPERATOR)], document) == ["operator"]
    assert undocumented([Planted(PUBLIC)], {"paths": {}}) == ["public"]


def test_a_parameter_that_the_walk_has_no_row_for_is_named(routes: list[Any]) -> None:
    with pytest.raises(KeyError, match="campaign_id"):
        next(route for route in routes if "campaign_id" in route.parameters()).address({})
