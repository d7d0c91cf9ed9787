"""Every route of the five services as they are served, and one of each kind of caller to walk them with."""

import re
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts
from polity_chassis.application import create_app
from polity_chassis.authorization.access import Rule
from polity_chassis.authorization.guarded_routes import routes_with_rules
from polity_chassis.authorization.links import LinkKeys, sign
from polity_chassis.clock import utc_now
from polity_chassis.database.engine import Database
from polity_chassis.runtime import Runtime
from polity_local.demo import letter
from polity_local.demo.places import invented_csv
from polity_local.parts.services import ROLES, environment
from polity_local.running.instance import Instance
from polity_local.running.platform import Platform
from polity_local.running.ports import Ports
from polity_portal.auth.dependencies import required_session

PARAMETER = re.compile(r"\{(\w+)(?::\w+)?\}")
Headers = dict[str, str]


@dataclass(frozen=True)
class Route:
    """One route as its service serves it."""

    service: str
    method: str
    path: str
    rule: Rule
    asks: tuple[str, ...] = ()
    """Query parameters it can't do without."""
    has_body: bool = False
    session: bool = False
    """It is a page for somebody who is signed in at the portal."""

    def parameters(self) -> list[str]:
        return PARAMETER.findall(self.path)

    def address(self, values: Mapping[str, str]) -> str:
        """The path with its parameters; a KeyError names the one that the walk has no value for yet."""
        query = "&".join(f"{name}={values[name]}" for name in self.asks)
        return PARAMETER.sub(lambda found: values[found[1]], self.path) + (f"?{query}" if query else "")

    def __str__(self) -> str:
        return f"{self.method} {self.path} ({self.rule.name})"


def application(instance: Instance, name: str, *planted: APIRouter) -> FastAPI:
    """The service's own application with its own routers, and those planted; it connects to nothing yet."""
    with pytest.MonkeyPatch.context() as variables:
        for variable, value in environment(instance, name).items():
            variables.setenv(variable, value)
        service = import_module(f"polity_{name}.app").service()
    service = replace(service, routers=[*service.routers, *planted])
    database = Database(service.settings.database_url, application_name="walk")
    return create_app(service, Runtime(service.settings, database, utc_now))


def _calls(dependant: Dependant) -> Iterator[Any]:
    for inner in dependant.dependencies:
        yield inner.call
        yield from _calls(inner)


def routes_of(app: FastAPI, service: str) -> list[Route]:
    """Every route of the application, those that its OpenAPI document leaves out among them."""
    described = app.openapi()["paths"]
    served = {(m, str(r.path)): r for r in iter_route_contexts(app.routes) for m in r.methods or ()}
    found = []
    for method, path, rule in routes_with_rules(app):
        operation = described.get(path, {}).get(method.lower(), {})
        asks = [p["name"] for p in operation.get("parameters", ()) if p.get("in") == "query" and p.get("required")]
        session = required_session in _calls(served[method, path].dependant)
        found.append(Route(service, method, path, rule, tuple(asks), "requestBody" in operation, session))
    return found


@pytest.fixture(scope="session")
def applications(tmp_path_factory: pytest.TempPathFactory) -> dict[str, FastAPI]:
    """The applications of all services."""
    instance = Instance(tmp_path_factory.mktemp("walk"), Ports())
    return {name: application(instance, name) for name in ROLES}


@pytest.fixture(scope="session")
def routes(applications: Mapping[str, FastAPI]) -> list[Route]:
    """The routes of all services."""
    return [route for name, app in applications.items() for route in routes_of(app, name)]


@pytest.fixture(scope="session")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, APIRouter], list[Route]]:
    """Makes a service's application with one router more, and returns its routes."""
    instance = Instance(tmp_path_factory.mktemp("planted"), Ports())
    return lambda name, router: routes_of(application(instance, name, router), name)


@dataclass(frozen=True)
class World:
    """One network with rows of every kind, those who may touch them, and those who may not."""

    values: Mapping[str, str]
    """A real row for each parameter of a path or query."""
    wrong: Mapping[str, Headers]
    secretariat: Headers
    operator: Headers
    link: Headers
    answers: str
    """The invitation that `link` opens."""


class Maker:
    """Calls the API to make a world."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.http = httpx.Client(base_url=platform.url, timeout=30)

    def post(self, user: str, path: str, body: Any) -> Any:
        content = {"content": body} if isinstance(body, bytes) else {"json": body}
        answer = self.http.post(path, headers=self.headers(user), **content)
        assert answer.is_success, answer.text
        return answer.json()

    def headers(self, user: str) -> Headers:
        return {"Authorization": f"Bearer {self.platform.token(user)}"}

    def mandate(self, network_id: str) -> dict[str, str]:
        person = {"name": "Walk Example", "email": f"walk-{secrets.token_hex(4)}@city.example", "language": "en"}
        body = {"person": person, "role": "secretariat"}
        return dict(self.post("operations", f"/v1/networks/{network_id}/mandates", body))

    def network(self, secretariat: str) -> str:
        network_id = str(self.post("operations", "/v1/networks", letter.NETWORK)["network_id"])
        self.post(secretariat, "/v1/mandate-links", {"link": self.mandate(network_id)["link"]})
        return network_id

    def invited(self, network_id: str, campaign_id: str, count: int) -> list[str]:
        path = f"/v1/networks/{network_id}/local-government-imports?dry_run=false"
        self.post("secretariat", path, invented_csv(count, secrets.token_hex(4)).encode())
        path = f"/v1/campaigns/{campaign_id}/invitations"
        self.post("secretariat", path, {"wave": "walk", "all": True})
        listed = self.http.get(path, headers=self.headers("secretariat")).raise_for_status().json()["items"]
        return [invitation["invitation_id"] for invitation in listed]

    def place(self, campaign_id: str) -> str:
        """One of the places invited to the secretariat's campaign."""
        path = f"/v1/campaigns/{campaign_id}/invitations"
        listed = self.http.get(path, headers=self.headers("secretariat")).raise_for_status().json()["items"]
        return str(listed[0]["local_government_id"])

    def delivery(self, campaign_id: str) -> str:
        """The mail of one invitation of the secretariat's campaign, once notifications knows of it."""
        deadline = time.monotonic() + 60
        while True:
            path = f"/v1/deliveries?campaign_id={campaign_id}"
            answer = self.http.get(path, headers=self.headers("secretariat"))
            if answer.is_success and (items := answer.json()["items"]):
                return str(items[0]["delivery_id"])
            assert time.monotonic() < deadline, answer.text
            time.sleep(0.2)

    def proof(self, user: str, invitation_id: str) -> str:
        """A whole proof of the smallest size."""
        begun = {**self.headers(user), "Tus-Resumable": "1.0.0", "Upload-Length": "4"}
        made = self.http.post(f"/v1/invitations/{invitation_id}/proofs", headers=begun).raise_for_status()
        piece = {"Content-Type": "application/offset+octet-stream", "Upload-Offset": "0"}
        self.http.patch(
            made.headers["location"], headers={**begun, **piece}, content=b"\xff\xd8\xff\xe0"
        ).raise_for_status()
        return made.headers["location"].rpartition("/")[2]

    def pledge(self, link: Headers) -> str:
        """A commitment made by the link."""
        signatory = {"signatory_name": "Walk Example", "signatory_office": "Mayor", "signed_on": "2022-07-15"}
        themes = list(letter.THEMES)[:3]
        answer = self.http.post("/v1/answer/commitment", headers=link, json={**signatory, "themes": themes})
        return str(answer.raise_for_status().json()["commitment_id"])

    def webhook(self, user: str) -> tuple[str, str]:
        """A subscription and one delivery; its endpoint is nowhere."""
        made = self.post(user, "/v1/webhooks", {"url": "https://partner.invalid/hooks"})
        path = f"/v1/webhooks/{made['webhook_id']}/test"
        deadline = time.monotonic() + 60
        # Until the operator's mandate is known, a subscription of somebody else's would look like none.
        while not (answer := self.http.post(path, headers=self.headers(user))).is_success:
            assert time.monotonic() < deadline, answer.text
            time.sleep(0.2)
        return made["webhook_id"], answer.json()["delivery_id"]


def _link(platform: Platform, purpose: str, identity: str) -> Headers:
    keys = LinkKeys.model_validate_json(platform.instance.secrets["answer_link_keys"])
    return {"Authorization": f"Link {sign(keys, purpose, UUID(identity), 1)}"}


def _forged(link: Headers) -> Headers:
    return {name: value[:-10] + value[-10:].swapcase() for name, value in link.items()}


@pytest.fixture(scope="module")
def maker(platform: Platform) -> Maker:
    """Makes more of a world."""
    return Maker(platform)


@pytest.fixture(scope="module")
def link_of(platform: Platform) -> Callable[[str], Headers]:
    """Makes the link of an invitation."""
    return lambda invitation_id: _link(platform, "answer", invitation_id)


@pytest.fixture(scope="module")
def world(platform: Platform) -> World:
    """Rows made through the API and known to every service by now; walks use them up, so each module has its own."""
    maker = Maker(platform)
    maker.post("operations", "/v1/mandate-links", {"link": platform.grant_operator("Walk", "walk@polity.example")})
    network_id = maker.network("secretariat")
    maker.network("secretariat2")
    campaign = letter.campaign(utc_now().date())
    campaign_id = maker.post("secretariat", f"/v1/networks/{network_id}/campaigns", campaign)["campaign_id"]
    own, other, withdrawn, pledged = maker.invited(network_id, campaign_id, 4)
    webhook_id, webhook_delivery_id = maker.webhook("operations")
    link = _link(platform, "answer", own)
    made = World(
        values={
            "network_id": network_id,
            "campaign_id": campaign_id,
            "invitation_id": withdrawn,
            "commitment_id": maker.pledge(_link(platform, "answer", pledged)),
            "threshold": str(campaign["milestones"][0]["threshold"]),
            "mandate_id": maker.mandate(network_id)["mandate_id"],
            "person_id": maker.mandate(network_id)["person_id"],
            "delivery_id": maker.delivery(campaign_id),
            "webhook_id": webhook_id,
            "webhook_delivery_id": webhook_delivery_id,
            "proof_id": maker.proof("secretariat", withdrawn),
            "local_government_id": maker.place(campaign_id),
            "parked_id": str(uuid4()),
            "upload_id": str(uuid4()),
            "lang": "en",
            "token": _forged(link)["Authorization"].removeprefix("Link "),
            "digest": "0",
            "name": "polity.css",
            "path": "nowhere",
        },
        wrong={
            "anonymous": {},
            "garbage": {"Authorization": "Bearer not.a.token"},
            "nobody": maker.headers("nobody"),
            "partner": {"Authorization": f"Bearer {platform.partner_token()}"},
            "elsewhere": maker.headers("secretariat2"),
            "another's link": _link(platform, "answer", other),
            "forged link": _forged(link),
            "link of another purpose": _link(platform, "mandate", own),
        },
        secretariat=maker.headers("secretariat"),
        operator=maker.headers("operations"),
        link=link,
        answers=own,
    )
    _wait_until_known(maker, made)
    return made


def _wait_until_known(maker: Maker, world: World) -> None:
    """Each service decides with its own copy of the mandates, and refuses writes while that is not fresh."""
    deadline = time.monotonic() + 60
    asked = [
        ("GET", f"/v1/deliveries?campaign_id={world.values['campaign_id']}", world.secretariat, 200),
        ("GET", f"/v1/progress/{world.values['campaign_id']}", {}, 200),
    ]
    for service in ("events", "notifications", "reporting"):
        desk = f"/v1/operations/{service}/parked"
        asked += [
            ("GET", desk, world.operator, 200),
            ("POST", f"{desk}/{world.values['parked_id']}/redrive", world.operator, 404),
        ]
    for method, path, headers, status in asked:
        while (answer := maker.http.request(method, path, headers=headers)).status_code != status:
            assert time.monotonic() < deadline, f"{method} {path}: {answer.text}"
            time.sleep(0.2)
