"""The client that erases accounts: it may manage accounts of this realm, and nothing else."""

import httpx
import pytest
from polity_local.running.platform import Platform


@pytest.fixture(scope="module")
def erasure(platform: Platform) -> httpx.Client:
    form = {
        "grant_type": "client_credentials",
        "client_id": "polity-erasure",
        "client_secret": platform.instance.secrets["erasure_client"],
    }
    token_url = f"{platform.keycloak_url}/realms/polity/protocol/openid-connect/token"
    token = httpx.post(token_url, data=form, timeout=30).raise_for_status().json()["access_token"]
    return httpx.Client(headers={"Authorization": f"Bearer {token}"}, timeout=30)


def test_it_finds_and_deletes_an_account(platform: Platform, erasure: httpx.Client) -> None:
    users = f"{platform.keycloak_url}/admin/realms/polity/users"
    made = erasure.post(users, json={"username": "leaving", "email": "leaving@demo.example", "enabled": True})
    assert made.status_code == 201
    account = made.headers["location"].rpartition("/")[2]
    assert [erasure.delete(f"{users}/{account}").status_code for _ in range(2)] == [204, 404]


@pytest.mark.parametrize("path", ["polity/clients", "polity/events", "polity/keys", "master/users", "master"])
def test_it_sees_nothing_else_of_the_administration(platform: Platform, erasure: httpx.Client, path: str) -> None:
    assert erasure.get(f"{platform.keycloak_url}/admin/realms/{path}").status_code in (401, 403)


def test_the_api_refuses_its_token(platform: Platform, erasure: httpx.Client) -> None:
    assert erasure.get(f"{platform.url}/v1/me").status_code in (401, 403)
    assert erasure.get(f"{platform.service_url('membership')}/v1/me").status_code == 401
