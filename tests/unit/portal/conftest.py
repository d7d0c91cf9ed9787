"""The portal's application before an API of canned answers: what is tested is what people see of them."""

from collections.abc import AsyncIterator, Callable
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI
from polity_chassis.application import create_app
from polity_chassis.database.engine import Database
from polity_chassis.runtime import Runtime
from polity_portal.app import service_with
from polity_portal.client.api import Api
from polity_portal.settings import PortalSettings

NETWORK_ID = "0199a000-0000-7000-8000-000000000001"
CAMPAIGN_ID = "0199a000-0000-7000-8000-000000000002"
TOKEN = "k1.AZmgAAAAcACAAAAAAAAAAw.1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
PUBLIC_URL = "http://localhost:8080"
NOW = datetime(2026, 7, 20, 10, 0, tzinfo=UTC)

NETWORK: dict[str, Any] = {
    "network_id": NETWORK_ID,
    "name": {"en": "Committee on Human Rights", "es": "Comisión de Derechos Humanos"},
    "fallback_language": "en",
    "time_zone": "Europe/Madrid",
    "demonstration": True,
    "contact_email": "secretariat@network.example",
    "members": [
        {"local_government_id": "a", "name": "Grigny", "country": "FR", "office": "co_president"},
        {"local_government_id": "b", "name": "Utrecht", "country": "NL", "office": "co_president"},
        {"local_government_id": "c", "name": "Gwangju", "country": "KR", "office": "member"},
        {"local_government_id": "d", "name": "Ciudad de México", "country": "MX", "office": "member"},
    ],
}
THEMES = {
    "housing": {"en": "Housing", "es": "Vivienda", "fr": "Logement"},
    "water": {"en": "Water", "es": "Agua", "fr": "Eau"},
    "culture": {"en": "Culture", "es": "Cultura", "fr": "Culture"},
    "digital_rights": {"en": "Digital rights"},
}
CAMPAIGN: dict[str, Any] = {
    "campaign_id": CAMPAIGN_ID,
    "network_id": NETWORK_ID,
    "title": {"en": "10, 100, 1000 Human Rights Cities", "es": "10, 100, 1000 Ciudades por los Derechos Humanos"},
    "objectives": {"en": "Make the movement visible.\n\nWork together."},
    "commitment_text": {"en": "We pledge.", "es": "Nos comprometemos.", "fr": "Nous nous engageons."},
    "fallback_language": "en",
    "themes": THEMES,
    "milestones": [
        {"threshold": 10, "due": None, "occasion": {}, "reached_at": "2026-07-16T08:00:00Z", "ordinal": 10},
        {"threshold": 100, "due": "2026-10-10", "occasion": {"en": "Congress"}, "reached_at": None, "ordinal": None},
        {"threshold": 1000, "due": "2030-12-31", "occasion": {}, "reached_at": None, "ordinal": None},
    ],
    "reply_by": {"at": "2026-09-15T21:59:00Z", "time_zone": "Europe/Madrid"},
    "demonstration": True,
    "commitments": 37,
}
COUNTS = {
    "invited": 120, "interested": 30, "declined": 0, "submitted": 0, "committed": 37, "withdrawn": 0, "unanswered": 53,
}  # fmt: skip
PROGRESS: dict[str, Any] = {
    "campaign_id": CAMPAIGN_ID,
    "as_of": "2026-07-20T10:00:00Z",
    "totals": COUNTS,
    "milestones": CAMPAIGN["milestones"],
    "by_region": [{"region": "155", "committed": 36}, {"region": "005", "committed": 1}],
    "by_country": [{"country": "FR", "committed": 36}, {"country": "AR", "committed": 1}],
    "by_first_theme": [{"theme": "housing", "label": THEMES["housing"], "committed": 30}],
    "by_day": [
        {"day": "2026-07-16", "committed": 12},
        {"day": "2026-07-19", "committed": 25},
    ],
}
PLACES = [
    ("Grigny", "FR", "155", 2.4, 48.7),
    ("Saint-Denis", "FR", "155", 2.36, 48.94),
    ("Córdoba", "AR", "005", -64.2, -31.4),
    ("광주", "KR", "030", 126.9, 35.2),
    ("عمّان", "JO", "145", 35.9, 31.9),
    ("Apia", "WS", "061", -171.8, -13.8),
]
PLEDGES: dict[str, Any] = {
    "items": [
        {
            "local_government_id": f"0199a000-0000-7000-8000-0000000001{number:02}",
            "name": name,
            "country": country,
            "region": region,
            "latitude": latitude,
            "longitude": longitude,
            "ordinal": number + 1,
            "committed_at": f"2026-07-1{number}T08:00:00Z",
            "themes": ["housing", "water", "culture"],
        }
        for number, (name, country, region, longitude, latitude) in enumerate(PLACES)
    ],
    "next": "a-cursor",
    "found": 37,
}
FEATURES: dict[str, Any] = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "id": row["local_government_id"],
            "geometry": {"type": "Point", "coordinates": [row["longitude"], row["latitude"]]},
            "properties": {"name": row["name"], "region": row["region"]},
        }
        for row in PLEDGES["items"]
    ],
}


DRAFT = {
    "revision": 0,
    "saved_at": None,
    "signatory_name": None,
    "signatory_office": None,
    "signed_on": None,
    "themes": [],
}


def answer(status: str = "invited", **changes: Any) -> dict[str, Any]:
    """What the link of an invitation opens."""
    asked = {name: value for name, value in CAMPAIGN.items() if name not in ("milestones", "commitments")}
    return {
        "invitation_id": "0199a000-0000-7000-8000-000000000003",
        "campaign": {**asked, "network_name": NETWORK["name"]},
        "local_government": {
            "local_government_id": "c",
            "name": "Gwangju",
            "country": "KR",
            "time_zone": "Asia/Seoul",
        },
        "language": "en",
        "status": status,
        "letter_received_at": None,
        "commitment": {"ordinal": 38, "themes": ["water", "housing", "culture"], "signed_on": "2026-07-20"}
        if status == "committed"
        else None,
        **changes,
    }


def problem(status: int, slug: str, **more: Any) -> httpx.Response:
    body = {"type": f"urn:polity:problem:{slug}", "title": f"Said about {slug}", "status": status, **more}
    return httpx.Response(status, json=body)


@dataclass
class CannedApi:
    """Answers by method and path; remembers what it was asked."""

    answers: dict[str, Any] = field(default_factory=dict)
    asked: list[httpx.Request] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        found = self.answers.get(f"{request.method} {request.url.path}", problem(404, "not_found"))
        if isinstance(found, Exception):
            raise found
        if isinstance(found, httpx.Response):
            return httpx.Response(found.status_code, headers=found.headers, content=found.content)
        return httpx.Response(200, json=found)

    def bodies(self, method: str, path: str) -> list[bytes]:
        return [r.content for r in self.asked if r.method == method and r.url.path == path]


@pytest.fixture
def canned() -> CannedApi:
    return CannedApi(
        {
            "GET /v1/networks": {"items": [NETWORK], "next": None},
            "GET /v1/campaigns": {"items": [CAMPAIGN], "next": None},
            f"GET /v1/networks/{NETWORK_ID}": NETWORK,
            f"GET /v1/campaigns/{CAMPAIGN_ID}": CAMPAIGN,
            f"GET /v1/progress/{CAMPAIGN_ID}": PROGRESS,
            f"GET /v1/progress/{CAMPAIGN_ID}/commitments": PLEDGES,
            f"GET /v1/progress/{CAMPAIGN_ID}/commitments.geojson": FEATURES,
            "GET /v1/answer": answer(),
            "GET /v1/answer/draft": DRAFT,
            "PUT /v1/answer/draft": {**DRAFT, "revision": 1},
            "POST /v1/answer/interest": {"status": "interested"},
            "POST /v1/answer/commitment": {"commitment_id": "x", "ordinal": 38},
        }
    )


@pytest.fixture(scope="session")
def portal_settings() -> Callable[..., PortalSettings]:
    def build(**changes: Any) -> PortalSettings:
        given = {
            "port": 8095,
            "database_url": "postgresql+asyncpg://nobody@127.0.0.1:9/none",
            "kafka_bootstrap": "127.0.0.1:9",
            "public_url": PUBLIC_URL,
            "issuer": f"{PUBLIC_URL}/auth/realms/polity",
            "jwks_url": "http://127.0.0.1:9/certs",
            "api_url": "http://api.test",
            "oidc_client_secret": "not-a-secret",
            "oidc_internal_url": "http://identity.test/auth/realms/polity",
            **changes,
        }
        return PortalSettings(**given)

    return build


@pytest_asyncio.fixture(scope="session")
async def application(portal_settings: Callable[..., PortalSettings]) -> AsyncIterator[FastAPI]:
    settings = portal_settings()
    database = Database(settings.database_url, application_name="portal test")
    app = create_app(service_with(settings), Runtime(settings, database, lambda: NOW))
    async with app.router.lifespan_context(app):
        yield app
    await database.close()


@pytest_asyncio.fixture
async def visitor(canned: CannedApi, application: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A browser without scripts, before the application."""
    client = httpx.AsyncClient(transport=httpx.MockTransport(canned), base_url="http://api.test")
    application.state.portal = replace(application.state.portal, api=Api(client))
    transport = httpx.ASGITransport(application, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=PUBLIC_URL) as browser:
        yield browser


@pytest.fixture
def pledges() -> dict[str, Any]:
    return deepcopy(PLEDGES)


@pytest.fixture
def campaign() -> dict[str, Any]:
    return deepcopy(CAMPAIGN)


@pytest.fixture(name="answer")
def answer_fixture() -> Callable[..., dict[str, Any]]:
    return answer


@pytest.fixture(name="problem")
def problem_fixture() -> Callable[..., httpx.Response]:
    return problem
