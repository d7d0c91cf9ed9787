"""Which tokens pass: those of our realm, for our services, that are still valid."""

import base64
import hmac
import secrets
import time
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization


def _unsigned(realm: Any) -> str:
    return str(realm.token(key="", algorithm="none"))


def _part(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _signed_with_the_public_key(realm: Any) -> str:
    public = realm.key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    claims = str(realm.token()).split(".")[1]
    signed = _part(b'{"alg":"HS256","typ":"JWT","kid":"one"}') + "." + claims
    return signed + "." + _part(hmac.digest(public, signed.encode(), "sha256"))


def _altered(realm: Any) -> str:
    header, _, signature = realm.token().split(".")
    _, claims, _ = realm.token(sub="somebody-else").split(".")
    return f"{header}.{claims}.{signature}"


WRONG = {
    "unsigned": (_unsigned, 401),
    "signed with the public key as a secret": (_signed_with_the_public_key, 401),
    "of another key": (lambda realm: realm.token(key=realm.strange_key), 401),
    "altered": (_altered, 401),
    "expired": (lambda realm: realm.token(exp=int(time.time()) - 60), 401),
    "not valid yet": (lambda realm: realm.token(nbf=int(time.time()) + 300), 401),
    "of another issuer": (lambda realm: realm.token(iss="http://localhost:8080/auth/realms/master"), 401),
    "for another audience": (lambda realm: realm.token(aud="account"), 403),
    "for no audience": (lambda realm: realm.token(aud=""), 403),
    "no token at all": (lambda realm: "nonsense", 401),
}


@pytest.mark.parametrize("path", ["/v1/me", "/v1/networks", "/v1/progress/x", "/v1/answer"])
@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_token_is_refused_also_where_none_is_needed(gateway: Any, realm: Any, wrong: str, path: str) -> None:
    make, status = WRONG[wrong]
    before = len(gateway.upstreams.requests)
    answer = gateway.ask(path, token=make(realm))
    assert (answer.status, answer.headers["content-type"]) == (status, "application/problem+json")
    assert len(gateway.upstreams.requests) == before


def test_a_good_token_passes_again_and_again_and_goes_along_to_the_service(gateway: Any, realm: Any) -> None:
    token = realm.token()
    for _ in range(3):
        answer = gateway.ask("/v1/me", token=token)
        assert ["authorization", f"Bearer {token}"] in answer.json["headers"]


def test_a_remembered_token_ends_with_its_time(gateway: Any, realm: Any) -> None:
    token = realm.token(exp=int(time.time()) - 28)
    assert gateway.ask("/v1/me", token=token).status == 200
    deadline = time.monotonic() + 20
    while gateway.ask("/v1/me", token=token).status == 200:
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_a_token_in_the_address_counts_for_nothing(gateway: Any, realm: Any) -> None:
    assert gateway.ask(f"/v1/me?access_token={realm.token()}").status == 401


def test_a_mail_link_is_no_token_and_passes_to_its_service(gateway: Any) -> None:
    link = secrets.token_urlsafe(32)
    answer = gateway.ask("/v1/answer", headers={"Authorization": f"Link {link}"})
    assert (answer.status, answer.json["service"]) == (200, "membership")
    assert gateway.ask("/v1/me", headers={"Authorization": f"Link {link}"}).status == 401


def test_a_refusal_is_a_problem_that_names_the_request(gateway: Any) -> None:
    problem = gateway.ask("/v1/me").json
    assert problem.pop("request_id")
    assert problem == {"type": "urn:polity:problem:unauthenticated", "title": "Please sign in first.", "status": 401}


def test_a_new_key_is_learned_beside_the_old_one_without_a_restart(start_gateway: Any, realm: Any) -> None:
    with start_gateway(text=("cache_duration: 60s", "cache_duration: 1s")) as gateway:
        second = realm.publish_second()
        deadline = time.monotonic() + 20
        while gateway.ask("/v1/me", token=realm.token(key=second, kid="two")).status == 401:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert gateway.ask("/v1/me", token=realm.token()).status == 200
