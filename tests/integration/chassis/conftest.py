"""A service made for the tests: its database, the realm that signs its tokens, its application."""

import json
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import jwt
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from fastapi import APIRouter, FastAPI
from polity_chassis.application import create_app
from polity_chassis.clock import utc_now
from polity_chassis.database.engine import Database
from polity_chassis.database.tables import chassis_metadata
from polity_chassis.runtime import Runtime
from polity_chassis.service import Service
from polity_chassis.settings import ServiceSettings

AUDIENCE = "polity-api"


class Realm:
    """Signs tokens and serves the public keys, as Keycloak does; `down` makes it refuse to answer."""

    def __init__(self) -> None:
        self.keys: dict[str, Any] = {}
        self.fetched = 0
        self.down = False
        self.raw: bytes | None = None
        realm = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                realm.fetched += 1
                body = realm.raw if realm.raw is not None else realm.jwks()
                self.send_response(503 if realm.down else 200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self._server.server_port}/realms/test"
        self.jwks_url = f"{self.issuer}/certs"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.add_key("first")

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def add_key(self, kid: str, kind: str = "RS256") -> None:
        key: Any = (
            rsa.generate_private_key(public_exponent=65537, key_size=2048)
            if kind.startswith("RS")
            else ec.generate_private_key(ec.SECP256R1())
        )
        self.keys[kid] = (kind, key)

    def jwks(self) -> bytes:
        described = []
        for kid, (kind, key) in self.keys.items():
            algorithm: Any = jwt.get_algorithm_by_name(kind)
            described.append({**json.loads(algorithm.to_jwk(key.public_key())), "kid": kid, "alg": kind, "use": "sig"})
        for algorithm in ("RSA-OAEP", "RS256"):
            described.append({**described[0], "kid": f"encryption-{algorithm}", "use": "enc", "alg": algorithm})
        return json.dumps({"keys": described}).encode()

    def claims(self, subject: str, **changed: Any) -> dict[str, Any]:
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": [AUDIENCE], "sub": subject, "azp": "portal", "iat": now, "exp": now + 60}
        return {name: value for name, value in (claims | changed).items() if value is not None}

    def token(self, subject: str, kid: str = "first", **changed: Any) -> str:
        kind, key = self.keys[kid]
        return jwt.encode(self.claims(subject, **changed), key, kind, headers={"kid": kid})


@pytest.fixture
def realm() -> Iterator[Realm]:
    made = Realm()
    yield made
    made.close()


@pytest_asyncio.fixture(scope="session")
async def chassis_database(postgres: Any) -> AsyncIterator[Database]:
    """A database with the chassis' tables, shared by the tests of this folder."""
    database = Database(await postgres.create_database("chassis"), application_name="tests")
    async with database.engine.begin() as connection:
        await connection.run_sync(chassis_metadata.create_all)
    yield database
    await database.close()


@pytest.fixture
def make_app(chassis_database: Database, realm: Realm) -> Callable[..., FastAPI]:
    """Makes a service's application from a router; further arguments go to Service."""

    def make(router: APIRouter, *, database: Database = chassis_database, **parts: Any) -> FastAPI:
        settings = ServiceSettings(
            port=1,
            database_url=database.url,
            kafka_bootstrap="127.0.0.1:1",
            issuer=realm.issuer,
            jwks_url=realm.jwks_url,
            audience=AUDIENCE,
        )
        service = Service("test", settings, [router], **parts)
        return create_app(service, Runtime(settings, database, utc_now))

    return make


def client_of(app: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service")


@pytest.fixture
def client_for() -> Callable[[FastAPI], httpx.AsyncClient]:
    """Makes a client that calls an application over ASGI."""
    return client_of
