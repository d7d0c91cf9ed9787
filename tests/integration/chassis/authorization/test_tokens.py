"""Tokens are checked by the service itself, whatever the gateway has let through."""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from fastapi import APIRouter, FastAPI
from polity_chassis.authorization import tokens
from polity_chassis.authorization.access import SIGNED_IN, access
from polity_chassis.authorization.tokens import CallerDep

router = APIRouter()


@router.get("/v1/me", **access(SIGNED_IN))
async def me(caller: CallerDep) -> dict[str, str]:
    return {"subject": caller.subject, "client_id": caller.client_id}


@pytest.fixture
def client(make_app: Callable[..., FastAPI], client_for: Callable[[FastAPI], httpx.AsyncClient]) -> httpx.AsyncClient:
    return client_for(make_app(router))


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize("kind", ["RS256", "ES256"])
async def test_a_token_of_the_realm_names_the_caller(client: httpx.AsyncClient, realm: Any, kind: str) -> None:
    realm.add_key("mine", kind)
    answer = await client.get("/v1/me", headers=bearer(realm.token("anna", "mine")))
    assert answer.json() == {"subject": "anna", "client_id": "portal"}
    assert answer.headers["cache-control"] == "no-store"


def _with_public_key_as_secret(realm: Any) -> str:
    public = realm.keys["first"][1].public_key()
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    header, payload = ({"alg": "HS256", "typ": "JWT", "kid": "first"}, realm.claims("anna"))
    import hashlib
    import hmac

    parts = [jwt.utils.base64url_encode(json.dumps(part).encode()).decode() for part in (header, payload)]
    mac = hmac.digest(pem, ".".join(parts).encode(), hashlib.sha256)
    return ".".join([*parts, jwt.utils.base64url_encode(mac).decode()])


def _by_a_foreign_key(realm: Any) -> str:
    foreign = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return jwt.encode(realm.claims("anna"), foreign, "RS256", headers={"kid": "first"})


def _altered(realm: Any) -> str:
    head, _, mac = realm.token("anna").split(".")
    body = jwt.utils.base64url_encode(json.dumps(realm.claims("operator")).encode()).decode()
    return f"{head}.{body}.{mac}"


REFUSED: dict[str, Callable[[Any], str]] = {
    "words": lambda realm: "no.token.this",
    "a token without a signature": lambda realm: jwt.encode(realm.claims("anna"), "", "none", {"kid": "first"}),
    "the public key used as a secret": _with_public_key_as_secret,
    "a foreign key under a known id": _by_a_foreign_key,
    "altered claims": _altered,
    "another algorithm of the same key": lambda realm: jwt.encode(
        realm.claims("anna"), realm.keys["first"][1], "RS512", {"kid": "first"}
    ),
    "no key id": lambda realm: jwt.encode(realm.claims("anna"), realm.keys["first"][1], "RS256"),
    "the encryption key's id": lambda realm: jwt.encode(
        realm.claims("anna"), realm.keys["first"][1], "RS256", {"kid": "encryption-RS256"}
    ),
    "another issuer": lambda realm: realm.token("anna", iss="http://elsewhere"),
    "another audience": lambda realm: realm.token("anna", aud="account"),
    "no audience": lambda realm: realm.token("anna", aud=None),
    "an expired one": lambda realm: realm.token("anna", exp=int(time.time()) - 60),
    "one for later": lambda realm: realm.token("anna", nbf=int(time.time()) + 60),
    "no expiry": lambda realm: realm.token("anna", exp=None),
    "no subject": lambda realm: realm.token("anna", sub=None),
}


@pytest.mark.parametrize("make", REFUSED.values(), ids=REFUSED.keys())
async def test_refused_is(client: httpx.AsyncClient, realm: Any, make: Callable[[Any], str]) -> None:
    answer = await client.get("/v1/me", headers=bearer(make(realm)))
    assert answer.status_code == 401
    assert answer.json()["type"] == "urn:polity:problem:unauthenticated"
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_a_second_authorization_header_is_refused(client: httpx.AsyncClient, realm: Any) -> None:
    good = ("Authorization", f"Bearer {realm.token('anna')}")
    answer = await client.get("/v1/me", headers=[good, ("Authorization", "Bearer other")])
    assert answer.status_code == 401


async def test_known_keys_outlast_the_realm(
    client: httpx.AsyncClient, realm: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await client.get("/v1/me", headers=bearer(realm.token("anna")))
    realm.down = True
    monkeypatch.setattr(tokens, "REFRESH_SECONDS", 0.0)
    monkeypatch.setattr(tokens, "RETRY_SECONDS", 0.0)
    before = realm.fetched
    for _ in range(3):
        answer = await client.get("/v1/me", headers=bearer(realm.token("anna")))
        assert answer.status_code == 200
        await _until(lambda: realm.fetched > before)


async def test_without_any_key_the_answer_is_503(client: httpx.AsyncClient, realm: Any) -> None:
    realm.down = True
    answer = await client.get("/v1/me", headers=bearer(realm.token("anna")))
    assert answer.status_code == 503
    assert answer.json()["type"] == "urn:polity:problem:sign_in_unavailable"
    assert int(answer.headers["retry-after"]) > 0


@pytest.mark.parametrize("raw", [b"<html>", b"[]", b'{"keys": []}', b'{"keys": [{"kty": "RSA"}]}', b"null"])
async def test_keys_that_are_none_do_not_break_the_service(client: httpx.AsyncClient, realm: Any, raw: bytes) -> None:
    realm.raw = raw
    assert (await client.get("/v1/me", headers=bearer(realm.token("anna")))).status_code == 503


async def test_a_new_key_is_fetched_when_its_id_appears(
    client: httpx.AsyncClient, realm: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await client.get("/v1/me", headers=bearer(realm.token("anna")))
    monkeypatch.setattr(tokens, "RETRY_SECONDS", 0.0)
    realm.add_key("second")
    answer = await client.get("/v1/me", headers=bearer(realm.token("anna", "second")))
    assert answer.status_code == 200


async def test_invented_key_ids_do_not_flood_the_realm(client: httpx.AsyncClient, realm: Any) -> None:
    await client.get("/v1/me", headers=bearer(realm.token("anna")))
    tokens = [
        jwt.encode(realm.claims("anna"), realm.keys["first"][1], "RS256", {"kid": f"invented-{n}"}) for n in range(20)
    ]
    answers = await asyncio.gather(*(client.get("/v1/me", headers=bearer(token)) for token in tokens))
    assert {answer.status_code for answer in answers} == {401}
    assert realm.fetched == 1


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
