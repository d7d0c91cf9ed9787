"""The realm as a real Keycloak serves it through the gateway: who gets which token, and what stands in it."""

import base64
import hashlib
import json
import secrets
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from polity_local.running.platform import Platform

OPENID = "/auth/realms/polity/protocol/openid-connect"
PEOPLE = {name: f"00000000-0000-4000-8000-00000000000{n}" for n, name in enumerate(
    ("secretariat", "secretariat2", "operations", "city", "nobody"), start=1
)}  # fmt: skip
WHO_AND_FOR_WHOM = {"exp", "iat", "auth_time", "jti", "iss", "aud", "sub", "typ", "azp", "sid", "scope", "nonce", "acr"}
VERIFIER = secrets.token_urlsafe(48)
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


def part(token: str, index: int) -> dict[str, Any]:
    text = token.split(".")[index]
    return dict(json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))))


def browser(platform: Platform) -> httpx.Client:
    return httpx.Client(base_url=platform.url, timeout=30)


def wish(platform: Platform, **changed: str | None) -> dict[str, str]:
    usual: dict[str, str | None] = {
        "client_id": "polity-portal",
        "response_type": "code",
        "scope": "openid profile",
        "redirect_uri": f"{platform.url}/sign-in/callback",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        "nonce": "once",
        "state": "ours",
    }
    return {name: value for name, value in (usual | changed).items() if value is not None}


def sign_in(platform: Platform, user: str, password: str) -> httpx.Response:
    """Returns Keycloak's answer to the sign-in form filled in."""
    with browser(platform) as client:
        page = client.get(f"{OPENID}/auth", params=wish(platform))
        action = page.text.split('action="', 1)[1].split('"', 1)[0].replace("&amp;", "&")
        # Browsers send Secure cookies to http://localhost too; httpx does not.
        cookies = "; ".join(cookie.split(";", 1)[0] for cookie in page.headers.get_list("set-cookie"))
        client.cookies.clear()
        return client.post(action, data={"username": user, "password": password}, headers={"Cookie": cookies})


def exchange(platform: Platform, **form: str) -> httpx.Response:
    usual = {
        "client_id": "polity-portal",
        "client_secret": platform.instance.secrets["portal_client"],
        "grant_type": "authorization_code",
        "redirect_uri": f"{platform.url}/sign-in/callback",
        "code_verifier": VERIFIER,
    }
    return httpx.post(f"{platform.url}{OPENID}/token", data=usual | form, timeout=30)


@pytest.fixture(scope="module")
def tokens(platform: Platform) -> dict[str, Any]:
    """What the pages hold after a person has signed in."""
    back = sign_in(platform, "city", platform.demo_password).headers["location"]
    answer = parse_qs(urlsplit(back).query)
    assert (back.split("?")[0], answer["state"]) == (f"{platform.url}/sign-in/callback", ["ours"])
    granted = exchange(platform, code=answer["code"][0])
    assert granted.status_code == 200
    assert exchange(platform, code=answer["code"][0]).status_code == 400
    return dict(granted.json())


def test_an_access_token_says_who_and_for_whom_and_nothing_about_a_person(
    platform: Platform, tokens: dict[str, Any]
) -> None:
    for token in (tokens["access_token"], platform.token("city"), platform.partner_token()):
        claims = part(token, 1)
        assert (claims["aud"], claims["iss"], claims["exp"] - claims["iat"]) == ("polity-api", platform.issuer, 300)
        assert part(token, 0)["alg"] == "RS256"
        assert claims.keys() <= WHO_AND_FOR_WHOM
        assert claims["azp"] in {"polity-portal", "polity-test", "partner-demo"}


def test_the_name_comes_to_the_pages_in_the_id_token_and_no_address_does(tokens: dict[str, Any]) -> None:
    claims = part(tokens["id_token"], 1)
    assert (claims["name"], claims["aud"], claims["nonce"]) == ("Demo City", "polity-portal", "once")
    assert {"email", "preferred_username", "given_name", "family_name"}.isdisjoint(claims)


@pytest.mark.parametrize("user", PEOPLE)
def test_demonstration_people_keep_their_ids_over_a_new_start(platform: Platform, user: str) -> None:
    assert part(platform.token(user), 1)["sub"] == PEOPLE[user]


def test_the_partner_system_keeps_its_id_and_is_no_person(platform: Platform) -> None:
    assert part(platform.partner_token(), 1)["sub"] == "00000000-0000-4000-8000-000000000006"


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"scope": "openid email"}, "invalid_scope"),
        ({"response_type": "token"}, "unauthorized_client"),
    ],
    ids=["without PKCE", "with plain PKCE", "asking for the address", "implicitly"],
)
def test_the_pages_client_may_sign_in_one_way_only(platform: Platform, changed: dict[str, Any], error: str) -> None:
    with browser(platform) as client:
        answer = client.get(f"{OPENID}/auth", params=wish(platform, **changed))
    assert answer.status_code == 302
    assert f"error={error}" in answer.headers["location"]


@pytest.mark.parametrize("path", ["/sign-in/callback/", "/sign-in", "/", "/en/sign-in/callback"])
def test_a_code_goes_to_one_address_only(platform: Platform, path: str) -> None:
    with browser(platform) as client:
        other = client.get(f"{OPENID}/auth", params=wish(platform, redirect_uri=f"{platform.url}{path}"))
    assert (other.status_code, "location" in other.headers) == (400, False)


@pytest.mark.parametrize(
    "form",
    [
        {"grant_type": "password", "username": "city", "password": "demo-only-2030"},
        {"grant_type": "client_credentials"},
        {"grant_type": "authorization_code", "code": "x", "client_secret": "wrong"},
    ],
    ids=["by password", "as a system", "with a wrong secret"],
)
def test_the_pages_client_gets_no_token_another_way(platform: Platform, form: dict[str, str]) -> None:
    answer = exchange(platform, **form)
    assert (answer.status_code, answer.json()["error"]) in {(400, "unauthorized_client"), (401, "unauthorized_client")}


@pytest.mark.parametrize(
    ("language", "direction"),
    [("en", "ltr"), ("es", "ltr"), ("fr", "ltr"), ("pt", "ltr"), ("ko", "ltr"), ("ar", "rtl")],
)
def test_the_sign_in_page_speaks_six_languages(platform: Platform, language: str, direction: str) -> None:
    with browser(platform) as client:
        page = client.get(f"{OPENID}/auth", params=wish(platform, ui_locales=language)).text
    assert f'lang="{language}" dir="{direction}"' in page


def test_nobody_registers_alone(platform: Platform) -> None:
    with browser(platform) as client:
        page = client.get(f"{OPENID}/auth", params=wish(platform)).text
        assert "/registration" not in page
        assert client.get("/auth/realms/polity/protocol/openid-connect/registrations", params=wish(platform)).is_error


def test_guessing_passwords_locks_the_account_for_a_while(platform: Platform) -> None:
    user, right = f"guessed-{secrets.token_hex(4)}", secrets.token_urlsafe(16)
    _create(platform, user, right)
    assert "code=" in sign_in(platform, user, right).headers["location"]
    for _ in range(10):
        assert sign_in(platform, user, "wrong-" + secrets.token_hex(4)).status_code == 200
    assert sign_in(platform, user, right).status_code == 200


def _create(platform: Platform, user: str, password: str) -> None:
    master = f"{platform.keycloak_url}/realms/master/protocol/openid-connect/token"
    secret = platform.instance.secrets["keycloak_admin"]
    form = {"grant_type": "password", "client_id": "admin-cli", "username": "admin", "password": secret}
    token = httpx.post(master, data=form, timeout=30).raise_for_status().json()["access_token"]
    person = {
        "username": user,
        "enabled": True,
        "email": f"{user}@demo.example",
        "firstName": "Demo",
        "lastName": "Guessed",
        "credentials": [{"type": "password", "value": password}],
    }
    headers = {"Authorization": f"Bearer {token}"}
    httpx.post(f"{platform.keycloak_url}/admin/realms/polity/users", json=person, headers=headers).raise_for_status()
    assert httpx.get(f"{platform.url}/v1/networks", headers=headers).status_code == 401


@pytest.mark.parametrize(
    "path",
    [
        "/auth/admin/master/console/",
        "/auth/admin/realms/polity/users",
        "/auth/realms/master/.well-known/openid-configuration",
        "/auth/realms/polity/account/",
        "/auth/health/ready",
        "/auth/metrics",
    ],
)
def test_the_gateway_opens_nothing_of_keycloak_but_signing_in(platform: Platform, path: str) -> None:
    assert httpx.get(f"{platform.url}{path}").status_code == 404


def test_the_gateway_takes_the_realms_tokens_and_no_altered_one(platform: Platform) -> None:
    path, token = f"{platform.url}/v1/me", platform.token("nobody")
    assert httpx.get(path, headers={"Authorization": f"Bearer {token}"}).status_code != 401
    head, claims, signature = token.split(".")
    altered = f"{head}.{claims}.{signature[:-8]}AAAAAAAA"
    assert httpx.get(path, headers={"Authorization": f"Bearer {altered}"}).status_code == 401


def test_the_issuer_does_not_follow_the_host_header(platform: Platform) -> None:
    document = f"{platform.url}/auth/realms/polity/.well-known/openid-configuration"
    assert httpx.get(document, headers={"Host": "evil.example"}).json()["issuer"] == platform.issuer
