"""Membership's real application over a real database, called in process by callers whose tokens we sign."""

import csv
import io
import json
import secrets
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import jwt
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric import rsa
from polity_chassis.application import create_app
from polity_chassis.authorization.links import LinkKeys, sign
from polity_chassis.authorization.tokens import SigningKeys, Verifier
from polity_chassis.clock import utc_now
from polity_chassis.database.engine import Database
from polity_chassis.database.migrations import migrate
from polity_chassis.runtime import Runtime
from polity_membership.app import service
from polity_membership.mandates.usecases.grant_mandate import Holder, grant_operator
from polity_membership.settings import MembershipSettings
from sqlalchemy import text

ISSUER = "http://realm.test/realms/polity"
JWKS_URL = "http://realm.test/certs"
COLUMNS = (
    "name", "country", "subdivision", "latitude", "longitude", "population", "time_zone", "language", "contact_name",
    "contact_email",
)  # fmt: skip


POINTS = {
    "ES": ("41.38", "-3.7"), "PT": ("41.15", "-8.61"), "FR": ("45.76", "4.84"), "IT": ("41.9", "12.5"),
    "NL": ("52.09", "5.12"), "KR": ("37.5", "127.0"), "CA": ("46.81", "-71.21"),
}  # fmt: skip
"""A point within each of these countries, since one outside is asked about."""


def row_of(name: str, **changed: Any) -> dict[str, Any]:
    """One good row of a register, with whatever the test changes."""
    latitude, longitude = POINTS.get(changed.get("country", "ES"), POINTS["ES"])
    return {
        "name": name,
        "country": "ES",
        "subdivision": "",
        "latitude": latitude,
        "longitude": longitude,
        "population": "1000",
        "time_zone": "Europe/Madrid",
        "language": "es",
        "contact_name": f"Contact of {name}",
        "contact_email": "contact@example.org",
        **changed,
    }


def file_of(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """The rows as a CSV file."""
    file = io.StringIO()
    writer = csv.DictWriter(file, COLUMNS)
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue().encode()


class OwnKeys(SigningKeys):
    """The realm's keys without a realm to fetch them from; the checks of a token stay the real ones."""

    def __init__(self, key: rsa.RSAPrivateKey) -> None:
        super().__init__(JWKS_URL)
        described = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key()))
        self._key = jwt.PyJWK({**described, "kid": "one", "alg": "RS256", "use": "sig"})

    async def get(self, kid: str) -> jwt.PyJWK | None:
        return self._key if kid == "one" else None


class World:
    """Everything a test of membership does: it calls the API as somebody and looks into the database."""

    def __init__(self, database: Database, files_url: str) -> None:
        self.database, self.files_url = database, files_url
        self.keys = LinkKeys.model_validate({"k1": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="})
        self.moved = timedelta()
        settings = MembershipSettings(
            port=1, database_url=database.url, kafka_bootstrap="127.0.0.1:1", issuer=ISSUER, jwks_url=JWKS_URL,
            answer_link_keys=self.keys, mandate_link_keys=self.keys, files_url=files_url,
        )  # fmt: skip
        self.app = create_app(service(settings), Runtime(settings, database, self.now))
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.app.state.verifier = Verifier(OwnKeys(self._key), issuer=ISSUER, audience=settings.audience)
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://membership.test")
        self.operator = "operator"

    def with_files(self, url: str) -> "World":
        """The same service over the same database, whose files are elsewhere."""
        return World(self.database, url)

    def now(self) -> datetime:
        """The service's clock, which a test may move."""
        return utc_now() + self.moved

    def token(self, subject: str) -> str:
        at = int(time.time())
        claims = {"iss": ISSUER, "aud": "polity-api", "sub": subject, "azp": "test", "iat": at, "exp": at + 600}
        return jwt.encode(claims, self._key, "RS256", headers={"kid": "one"})

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        as_: str | None = None,
        link: str | None = None,
        key: str | None = None,
        expect: int | None = None,
        **headers: str,
    ) -> Any:
        """The answer's JSON when `expect` names its status, otherwise the answer itself."""
        if as_:
            headers["Authorization"] = f"Bearer {self.token(as_)}"
        if link:
            headers["Authorization"] = f"Link {link}"
        if key:
            headers["Idempotency-Key"] = key
        content = {"content": body} if isinstance(body, bytes) else {"json": body} if body is not None else {}
        answer = await self.client.request(method, path, headers=headers, **content)
        if expect is None:
            return answer
        assert answer.status_code == expect, answer.text
        return answer.json() if answer.content else None

    async def rows(self, sql: str, **parameters: Any) -> list[Any]:
        async with self.database.transaction() as session:
            connection = await session.connection()
            return [dict(r) for r in (await connection.execute(text(sql), parameters)).mappings()]

    async def facts(self, key: str | UUID) -> list[Any]:
        """The facts waiting under a key in the order they leave: type, sequence, data."""
        found = await self.rows("SELECT type, sequence, value FROM outbox WHERE key = :key ORDER BY seq", key=str(key))
        return [
            (f["type"].removeprefix("membership."), f["sequence"], f["value"] and json.loads(f["value"])) for f in found
        ]

    async def become_operator(self) -> None:
        holder = Holder("Olga", "olga@example.org", "en")
        mandate = await grant_operator(self.database, holder, self.now())
        link = sign(self.keys, "mandate", UUID(mandate["mandate_id"]), 1)
        await self.call("POST", "/v1/mandate-links", {"link": link}, as_=self.operator, expect=200)

    async def network(self) -> "Net":
        """A new network with a secretariat of its own."""
        body = {
            "name": {"en": "Committee", "es": "Comisión"},
            "fallback_language": "en",
            "time_zone": "Europe/Madrid",
            "demonstration": True,
        }
        network = await self.call("POST", "/v1/networks", body, as_=self.operator, expect=201)
        net = Net(self, network["network_id"], f"secretariat-{secrets.token_hex(4)}")
        granted = await self.call(
            "POST",
            f"/v1/networks/{net.id}/mandates",
            {"person": {"name": "Sara", "email": "sara@example.org", "language": "en"}, "role": "secretariat"},
            as_=self.operator,
            expect=201,
        )
        await self.call("POST", "/v1/mandate-links", {"link": granted["link"]}, as_=net.secretariat, expect=200)
        return net


class Net:
    """One network and what its secretariat does."""

    def __init__(self, world: World, id_: str, secretariat: str) -> None:
        self.world = world
        self.id = id_
        self.secretariat = secretariat

    async def post(self, path: str, body: Any, *, expect: int | None = None, **more: Any) -> Any:
        return await self.world.call("POST", path, body, as_=self.secretariat, expect=expect, **more)

    async def get(self, path: str, *, expect: int | None = 200) -> Any:
        return await self.world.call("GET", path, as_=self.secretariat, expect=expect)

    async def do_import(self, data: bytes, *, dry_run: bool = False, expect: int | None = None, **more: Any) -> Any:
        path = f"/v1/networks/{self.id}/local-government-imports?dry_run={str(dry_run).lower()}"
        return await self.post(path, data, expect=expect, **more)

    async def register(self, count: int) -> None:
        rows = [row_of(f"City {n:04}", latitude=f"{38 + n / 2000:.4f}") for n in range(1, count + 1)]
        await self.do_import(file_of(rows), expect=200)

    async def campaign(self, *thresholds: int, days: int = 30, **changed: Any) -> str:
        """A new campaign with these milestones, to be answered within so many days."""
        body = {
            "title": {"en": "Human rights cities", "es": "Ciudades de derechos humanos"},
            "objectives": {"en": "First.\n\nSecond."},
            "commitment_text": {"en": "We commit."},
            "fallback_language": "en",
            "themes": {code: {"en": code.title()} for code in ("water", "housing", "peace", "culture")},
            "milestones": [{"threshold": t, "occasion": {"en": "Congress"}} for t in thresholds],
            "reply_by": {
                "at": (self.world.now() + timedelta(days=days)).isoformat(),
                "time_zone": "Europe/Madrid",
            },
            **changed,
        }
        made = await self.post(f"/v1/networks/{self.id}/campaigns", body, expect=201)
        return str(made["campaign_id"])

    async def invite_all(self, campaign_id: str, expect: int = 201) -> Any:
        return await self.post(
            f"/v1/campaigns/{campaign_id}/invitations", {"wave": "first", "all": True}, expect=expect
        )

    async def links(self, campaign_id: str) -> list[str]:
        """A valid link for each invitation of the campaign."""
        rows = await self.world.rows(
            "SELECT id, link_generation FROM invitation WHERE campaign_id = :id ORDER BY id", id=UUID(campaign_id)
        )
        return [sign(self.world.keys, "answer", r["id"], r["link_generation"]) for r in rows]

    async def invited(self, count: int, *thresholds: int, **changed: Any) -> tuple[str, list[str]]:
        """A campaign with so many invited local governments, and their links."""
        await self.register(count)
        campaign_id = await self.campaign(*thresholds, **changed)
        await self.invite_all(campaign_id)
        return campaign_id, await self.links(campaign_id)

    async def commit(self, link: str, *, expect: int | None = 201, key: str | None = None, **changed: Any) -> Any:
        body = {
            "signatory_name": "Invented Signatory",
            "signatory_office": "Mayor",
            "signed_on": "2026-01-31",
            "themes": ["water", "housing", "peace"],
            **changed,
        }
        return await self.world.call(
            "POST", "/v1/answer/commitment", body, link=link, key=key or str(uuid4()), expect=expect
        )

    async def decide(self, commitment_id: str, decision: str, *, expect: int = 200, **body: Any) -> Any:
        """Confirms, returns or withdraws: `decision` is the last part of the path."""
        return await self.post(f"/v1/commitments/{commitment_id}/{decision}", body or None, expect=expect)


@pytest_asyncio.fixture(scope="session")
async def membership_database(postgres: Any) -> AsyncIterator[Database]:
    database = Database(await postgres.create_database("membership"), application_name="tests")
    await migrate(database.url, "polity_membership")
    yield database
    await database.close()


@pytest_asyncio.fixture(scope="session")
async def _world(membership_database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    world = World(membership_database, tmp_path_factory.mktemp("files").as_uri())
    await world.become_operator()
    yield world
    await world.client.aclose()


@pytest_asyncio.fixture
async def world(_world: World) -> World:
    _world.moved = timedelta()
    return _world


@pytest_asyncio.fixture
async def net(world: World) -> Net:
    """A new network; tests share the database and meet in nothing else."""
    return await world.network()


@pytest.fixture
def row() -> Callable[..., dict[str, Any]]:
    """Makes one good row of a register, with whatever the test changes."""
    return row_of


@pytest.fixture
def csv_of() -> Callable[..., bytes]:
    """Makes a CSV file of rows."""
    return file_of
