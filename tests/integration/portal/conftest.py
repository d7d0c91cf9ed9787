"""The portal on a real database, before a realm and an API of canned answers."""

import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import httpx
import jwt
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric import rsa
from fastapi import FastAPI
from jwt.algorithms import RSAAlgorithm
from polity_chassis.application import create_app
from polity_chassis.authorization.links import LinkKeys, sign
from polity_chassis.authorization.tokens import SigningKeys, Verifier
from polity_chassis.clock import utc_now
from polity_chassis.database.engine import Database
from polity_chassis.database.migrations import migrate
from polity_chassis.runtime import Runtime
from polity_local.testing.parts import PostgresForTests
from polity_membership.app import service
from polity_membership.mandates.usecases.grant_mandate import Holder, grant_operator
from polity_membership.settings import MembershipSettings
from polity_portal.app import service_with
from polity_portal.auth.identity import Identity, _challenge
from polity_portal.auth.sessions import Sessions
from polity_portal.client.api import Api
from polity_portal.settings import PortalSettings

PUBLIC_URL = "http://localhost:8080"
ISSUER = f"{PUBLIC_URL}/auth/realms/polity"
KEYS = LinkKeys.model_validate({"k1": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="})
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
    unreadable: httpx.Response | None = None
    meanwhile: Callable[[], Awaitable[Any]] | None = None
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

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        if self.meanwhile:
            meanwhile, self.meanwhile = self.meanwhile, None
            await meanwhile()
        if self.down:
            raise httpx.ConnectError("down")
        if self.unreadable:
            return self.unreadable
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
        # Tokens are checked by the machine's clock.
        at = int(time.time())
        claims = {
            "iss": ISSUER,
            "aud": "polity-portal",
            "sub": self.subject,
            "name": "Ana Example",
            "nonce": nonce,
            "iat": at,
            "exp": at + 300,
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
    app = create_app(service_with(settings), Runtime(settings, portal_database, utc_now))
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
    application.state.portal = replace(application.state.portal, settings=settings, clock=clock, api=api)
    application.state.auth = replace(application.state.auth, identity=identity, sessions=sessions)
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


class Membership:
    """The real service in process, with tokens of the realm that the portal signs in at."""

    def __init__(self, database: Database, realm_keys: Any, issuer: str) -> None:
        settings = MembershipSettings(
            port=1, database_url=database.url, kafka_bootstrap="127.0.0.1:1", issuer=issuer,
            jwks_url="http://realm.test/certs", answer_link_keys=KEYS, mandate_link_keys=KEYS,
            files_url="memory://proofs",
        )  # fmt: skip
        self.database = database
        self.app: FastAPI = create_app(service(settings), Runtime(settings, database, utc_now))
        self.app.state.verifier = Verifier(realm_keys, issuer=issuer, audience=settings.audience)
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://membership.test")

    async def post(self, path: str, token: str, body: Any) -> Any:
        content: dict[str, Any] = {"content": body} if isinstance(body, str) else {"json": body}
        answered = await self.client.post(path, **content, headers={"Authorization": f"Bearer {token}"})
        assert answered.is_success, answered.text
        return answered.json()

    async def get(self, path: str, token: str) -> Any:
        answered = await self.client.get(path, headers={"Authorization": f"Bearer {token}"})
        assert answered.is_success, answered.text
        return answered.json()


@pytest_asyncio.fixture(scope="session")
async def membership_database(postgres: PostgresForTests) -> AsyncIterator[Database]:
    database = Database(await postgres.create_database("membership"), application_name="portal test")
    await migrate(database.url, "polity_membership")
    yield database
    await database.close()


@pytest_asyncio.fixture
async def desk(
    stage: SimpleNamespace, application: FastAPI, realm: Any, own_keys: Any, membership_database: Database
) -> AsyncIterator[SimpleNamespace]:
    """A signed-in secretariat with a network and a campaign of its own."""
    membership = Membership(membership_database, own_keys, realm.issuer)

    def token(subject: str) -> str:
        # Tokens are checked by the machine's clock.
        at = int(time.time())
        claims = {"iss": realm.issuer, "aud": "polity-api", "sub": subject, "iat": at, "exp": at + 3600}
        return jwt.encode(claims, realm.key, "RS256", {"kid": "k1"})

    made = await grant_operator(membership_database, Holder("Olga", "o@example.org", "en"), utc_now())
    link = sign(KEYS, "mandate", UUID(made["mandate_id"]), 1)
    await membership.post("/v1/mandate-links", token("operator"), {"link": link})

    async def network_and_mandate() -> tuple[str, str]:
        body = {"name": {"en": "Test"}, "fallback_language": "en", "time_zone": "Europe/Madrid", "demonstration": True}
        network_id = (await membership.post("/v1/networks", token("operator"), body))["network_id"]
        person = {"name": "Sara", "email": "s@example.org", "language": "en"}
        wanted = {"person": person, "role": "secretariat"}
        granted = await membership.post(f"/v1/networks/{network_id}/mandates", token("operator"), wanted)
        return network_id, granted["link"]

    async def new_network(subject: str) -> None:
        """A network with this secretariat."""
        _, given = await network_and_mandate()
        await membership.post("/v1/mandate-links", token(subject), {"link": given})

    network_id, given = await network_and_mandate()
    realm.subject = f"secretariat-{network_id}"
    realm.access = token(realm.subject)
    api = httpx.AsyncClient(transport=httpx.ASGITransport(membership.app), base_url="http://api.test")
    application.state.portal = replace(application.state.portal, api=Api(api), clock=utc_now)
    browser = stage.browser()
    address = f"/en/mandate/{given}"
    await stage.sign_in(browser, address)
    token_field = re.search(r'name="form_token" value="([^"]+)"', (await browser.get(address)).text)
    assert token_field
    await browser.post(address, data={"form_token": token_field[1]})
    campaign = await membership.post(
        f"/v1/networks/{network_id}/campaigns",
        realm.access,
        {
            "title": {"en": "Human Rights Cities"},
            "objectives": {"en": "Together."},
            "commitment_text": {"en": "We pledge."},
            "fallback_language": "en",
            "themes": {code: {"en": code.title()} for code in ("water", "housing", "peace")},
            "milestones": [{"threshold": 1}, {"threshold": 10}],
            "reply_by": {
                "at": (utc_now() + timedelta(days=30)).isoformat(),
                "time_zone": "Europe/Madrid",
            },
        },
    )
    campaign_id = campaign["campaign_id"]
    yield SimpleNamespace(
        browser=browser,
        network_id=network_id,
        campaign_id=campaign_id,
        importing=f"/en/office/networks/{network_id}/import",
        office=f"/en/office/campaigns/{campaign_id}",
        database=membership_database,
        token=token,
        post=membership.post,
        get=membership.get,
        new_network=new_network,
        keys=KEYS,
    )
    await api.aclose()
    await membership.client.aclose()
