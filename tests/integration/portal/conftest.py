"""The portal on a real database, before a realm and an API of canned answers."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric import rsa
from fastapi import FastAPI
from jwt.algorithms import RSAAlgorithm
from polity_chassis.auth import SigningKeys
from polity_chassis.database import Database
from polity_chassis.http import create_app
from polity_chassis.migrations import migrate
from polity_chassis.runtime import Runtime
from polity_local.testing import PostgresForTests
from polity_portal.api import Api
from polity_portal.app import service_with
from polity_portal.identity import Identity, _challenge
from polity_portal.sessions import Sessions
from polity_portal.settings import PortalSettings

PUBLIC_URL = "http://localhost:8080"
ISSUER = f"{PUBLIC_URL}/auth/realms/polity"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


class OwnKeys(SigningKeys):
    """The realm's keys without a realm to fetch them from."""

    async def get(self, kid: str) -> jwt.PyJWK | None:
        public = RSAAlgorithm.to_jwk(KEY.public_key(), as_dict=True)
        return jwt.PyJWK({**public, "alg": "RS256", "use": "sig"}) if kid == "k1" else None


@dataclass
class Clock:
    now: datetime = datetime(2026, 7, 20, 10, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **span: float) -> None:
        self.now += timedelta(**span)


@dataclass
class Realm:
    """Plays Keycloak: hands out codes at the authorisation page, tokens for them once, and ends sessions."""

    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    ended: list[str] = field(default_factory=list)
    refreshed: int = 0
    claims: dict[str, Any] = field(default_factory=dict)
    subject: str = "subject-1"
    kid: str = "k1"
    down: bool = False
    access: str = ""
    issuer: str = ISSUER
    key: rsa.RSAPrivateKey = KEY

    def approve(self, address: str) -> str:
        """What a person's consent leads to: the address of the callback. Checks what the portal asked for."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
        code = f"code-{len(self.codes)}"
        self.codes[code] = asked
        return f"{asked['redirect_uri']}?code={code}&state={asked['state']}".removeprefix(PUBLIC_URL)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if self.down:
            raise httpx.ConnectError("down")
        assert request.headers["authorization"].startswith("Basic ")
        given = {name: values[0] for name, values in parse_qs(request.content.decode()).items()}
        if request.url.path.endswith("/logout"):
            self.ended.append(given["refresh_token"])
            return httpx.Response(204)
        return self._token(given)

    def _token(self, given: dict[str, str]) -> httpx.Response:
        if given["grant_type"] == "refresh_token":
            self.refreshed += 1
            if given["refresh_token"] in self.ended:
                return httpx.Response(400, json={"error": "invalid_grant"})
            return self._tokens(f"access-{self.refreshed}", "")
        asked = self.codes.pop(given["code"], None)
        if asked is None or _challenge(given["code_verifier"]) != asked["code_challenge"]:
            return httpx.Response(400, json={"error": "invalid_grant"})
        return self._tokens("access-0", asked["nonce"])

    def _tokens(self, access: str, nonce: str) -> httpx.Response:
        at = datetime.now(UTC)
        claims = {
            "iss": ISSUER,
            "aud": "polity-portal",
            "sub": self.subject,
            "name": "Ana Example",
            "nonce": nonce,
            "iat": at,
            "exp": at + timedelta(minutes=5),
            **self.claims,
        }
        id_token = jwt.encode(claims, KEY, "RS256", {"kid": self.kid})
        body = {
            "access_token": self.access or access,
            "refresh_token": "refresh-1",
            "id_token": id_token,
            "expires_in": 300,
        }
        return httpx.Response(200, json=body)


@pytest.fixture
def own_keys() -> SigningKeys:
    return OwnKeys("http://realm.test/certs")


@pytest.fixture
def realm() -> Realm:
    return Realm()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest_asyncio.fixture(scope="session")
async def portal_database(postgres: PostgresForTests) -> AsyncIterator[Database]:
    url = await postgres.create_database("portal")
    await migrate(url, "polity_portal")
    database = Database(url, application_name="portal test")
    yield database
    await database.close()


@pytest.fixture(scope="session")
def settings(portal_database: Database) -> PortalSettings:
    return PortalSettings(
        port=8095,
        database_url=portal_database.url,
        kafka_bootstrap="127.0.0.1:9",
        public_url=PUBLIC_URL,
        issuer=ISSUER,
        jwks_url="http://127.0.0.1:9/certs",
        api_url="http://api.test",
        oidc_client_secret="not-a-secret",
        oidc_internal_url="http://identity.test/auth/realms/polity",
    )


@dataclass
class CannedApi:
    """Answers by method and path; remembers what it was asked."""

    answers: dict[str, Any] = field(default_factory=dict)
    asked: list[httpx.Request] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        found = self.answers.get(f"{request.method} {request.url.path}")
        if callable(found):
            found = found(request)
        if isinstance(found, httpx.Response):
            return httpx.Response(found.status_code, headers=found.headers, content=found.content)
        if found is None:
            return httpx.Response(404, json={"type": "urn:polity:problem:not_found", "title": "", "status": 404})
        return httpx.Response(200, json=found)

    def sent(self, method: str, path: str) -> list[httpx.Request]:
        return [r for r in self.asked if r.method == method and r.url.path == path]


@pytest.fixture
def canned() -> CannedApi:
    return CannedApi({"GET /v1/me": {"subject": "subject-1", "mandates": []}})


@pytest_asyncio.fixture(scope="session")
async def application(portal_database: Database, settings: PortalSettings) -> AsyncIterator[FastAPI]:
    app = create_app(service_with(settings), Runtime(settings, portal_database, lambda: datetime.now(UTC)))
    async with app.router.lifespan_context(app):
        yield app


@pytest_asyncio.fixture
async def stage(
    application: FastAPI,
    portal_database: Database,
    settings: PortalSettings,
    realm: Realm,
    clock: Clock,
    canned: CannedApi,
) -> AsyncIterator[SimpleNamespace]:
    """`browser()` opens a browser of its own; `sign_in(browser)` signs it in."""
    identity = Identity(settings, OwnKeys(settings.jwks_url), httpx.MockTransport(realm))
    api = Api(httpx.AsyncClient(transport=httpx.MockTransport(canned), base_url="http://api.test"))
    sessions = Sessions(portal_database, identity, settings)
    application.state.portal = replace(
        application.state.portal, clock=clock, identity=identity, api=api, sessions=sessions
    )
    opened: list[httpx.AsyncClient] = []

    def browser() -> httpx.AsyncClient:
        transport = httpx.ASGITransport(application, raise_app_exceptions=False)
        opened.append(httpx.AsyncClient(transport=transport, base_url=PUBLIC_URL))
        return opened[-1]

    async def sign_in(client: httpx.AsyncClient, after: str = "") -> httpx.Response:
        left = await client.get("/en/sign-in", params={"next": after} if after else {})
        return await client.get(realm.approve(left.headers["location"]))

    yield SimpleNamespace(browser=browser, sign_in=sign_in, database=portal_database)
    for client in opened:
        await client.aclose()
    await identity.close()
