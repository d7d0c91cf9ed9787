"""Where a path leads, and that a path written otherwise leads nowhere else."""

import re
import secrets
from typing import Any

import pytest
from polity_chassis.web.headers import LANGUAGES

LEADS = {
    "/v1/networks": "membership",
    "/v1/campaigns/{mark}": "membership",
    "/v1/answer": "membership",
    "/v1/answer/interest?{mark}": "membership",
    "/v1/progress/{mark}": "reporting",
    "/v1/progress/{mark}.csv?as_of=x": "reporting",
    "/v1/progress/{mark}/commitments": "reporting",
    "/v1/progress/{mark}/commitments.csv": "reporting",
    "/v1/progress/{mark}/commitments.geojson": "reporting",
    "/v1/networks/{mark}/members?q=x": "membership",
    "/v1/webhook-types": "notifications",
    "/": "portal",
    "/en": "portal",
    "/ko/campaigns/{mark}": "portal",
    "/static/{mark}.css": "portal",
    "/sign-in/callback?code={mark}": "portal",
    "/docs": "portal",
    "/openapi.json": "portal",
    "/auth/realms/polity/protocol/openid-connect/auth?client_id={mark}": "keycloak",
    "/auth/realms/polity/login-actions/authenticate?{mark}": "keycloak",
    "/auth/realms/polity/.well-known/openid-configuration": "keycloak",
    "/auth/resources/{mark}/login/keycloak.v2/css/styles.css": "keycloak",
}
LEADS_WITH_TOKEN = {
    "/v1/me": "membership",
    "/v1/networks/{mark}/local-governments": "membership",
    "/v1/networks/{mark}/mandates": "membership",
    "/v1/campaigns/{mark}/commitments": "membership",
    "/v1/progress/{mark}/answers": "reporting",
    "/v1/progress/{mark}/commitments.csv/": "reporting",
    "/v1/operations/membership/parked": "membership",
    "/v1/operations/events/parked": "events",
    "/v1/operations/notifications/parked": "notifications",
    "/v1/operations/reporting/parked": "reporting",
    "/v1/deliveries?campaign_id={mark}": "notifications",
    "/v1/webhooks?{mark}": "notifications",
    "/v1/webhooks/{mark}/deliveries": "notifications",
    "/v1/webhook-deliveries/{mark}/resend": "notifications",
    "/v1/events/{mark}": "events",
}
REFUSED = (
    "/{mark}",
    "/v1",
    "/v2/{mark}",
    "/health/ready",
    "/metrics",
    "/internal/{mark}",
    "/auth",
    "/auth/",
    "/auth/admin",
    "/auth/admin/master/console/",
    "/auth/admin/realms/polity/users",
    "/auth/realms/master/protocol/openid-connect/token",
    "/auth/realms/polity/account/",
    "/auth/realms/polity/clients-registrations/default",
    "/auth/realms/polity/login-actions/../../master/protocol/openid-connect/token",
    "/auth/realms/polity/login-actions/%2e%2e/%2e%2e/master/protocol/openid-connect/token",
    "/auth/realms/polity/login-actions/..;/..;/master/protocol/openid-connect/token",
    "/auth/realms/polity/login-actions/%3b/{mark}",
    "/auth/resources/../admin/master/console/",
    "/auth/health/ready",
    "/auth/metrics",
    "/static/../auth/admin",
    "/en/../auth/admin",
)
OTHER_SPELLINGS_OF_ME = {
    "/%76%31/%6D%65": 401,
    "//v1//me": 401,
    "/v1/./me": 401,
    "/en/../v1/me": 401,
    "/v1/networks/../me": 401,
    "/v1/networks/%2e%2e/me": 401,
    "/v1/networks/x/../../me": 401,
    "/v1/networks\\..\\me": 401,
    "/v1/networks/..;/me": 401,
    "/v1/networks/..%2fme": 400,
    "/v1/networks/..%2Fme": 400,
    "/v1/networks/..%5cme": 400,
    "/v1%2fme": 400,
    "/en%2f..%2fv1%2fme": 400,
}


def written(path: str) -> str:
    return path.replace("{mark}", secrets.token_hex(8))


@pytest.mark.parametrize("path", LEADS)
def test_a_public_path_leads_to_its_service_without_a_token(gateway: Any, path: str) -> None:
    answer = gateway.ask(written(path))
    assert (answer.status, answer.json["service"]) == (200, LEADS[path])


@pytest.mark.parametrize("path", LEADS_WITH_TOKEN)
def test_any_other_path_of_the_api_needs_a_token(gateway: Any, realm: Any, path: str) -> None:
    path_now = written(path)
    before = len(gateway.upstreams.requests)
    assert gateway.ask(path_now).status == 401
    assert len(gateway.upstreams.requests) == before
    assert gateway.ask(path_now, token=realm.token()).json["service"] == LEADS_WITH_TOKEN[path]


PUBLIC = [path for path, service in LEADS.items() if path.startswith("/v1/") and "answer" not in path]


@pytest.mark.parametrize("path", PUBLIC)
@pytest.mark.parametrize("method", ["HEAD", "OPTIONS"])
def test_what_is_public_is_asked_for_in_every_way_of_reading(gateway: Any, path: str, method: str) -> None:
    assert gateway.ask(written(path), method=method).status == 200
    assert (gateway.upstreams.requests[-1]["service"], gateway.upstreams.requests[-1]["method"]) == (
        LEADS[path], method,
    )  # fmt: skip


@pytest.mark.parametrize("path", PUBLIC)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_what_is_public_to_read_is_not_public_to_write(gateway: Any, path: str, method: str) -> None:
    assert gateway.ask(written(path), method=method, body=b"{}").status == 401


@pytest.mark.parametrize(
    ("path", "asked", "status"),
    [
        ("/v1/networks", {"token": "not.a.token"}, 401),
        ("/v1/progress/x%2fy", {}, 400),
        ("/v1/networks", {"headers": {"X_Y": "1"}}, 400),
        ("/v1/networks", {"headers": {"X-Long": "x" * 40_000}}, 431),
    ],
)
def test_a_page_of_another_origin_reads_why_it_got_no_data_from_the_gateway_itself(
    gateway: Any, path: str, asked: Any, status: int
) -> None:
    answer = gateway.ask(path, **asked)
    assert (answer.status, answer.headers["access-control-allow-origin"]) == (status, "*")
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", REFUSED)
def test_what_no_route_declares_reaches_no_service(gateway: Any, realm: Any, path: str) -> None:
    before = len(gateway.upstreams.requests)
    assert gateway.ask(written(path), token=realm.token()).status == 404
    assert len(gateway.upstreams.requests) == before


@pytest.mark.parametrize("path", OTHER_SPELLINGS_OF_ME)
def test_another_spelling_of_a_path_passes_no_check(gateway: Any, path: str) -> None:
    before = len(gateway.upstreams.requests)
    assert gateway.ask(path).status == OTHER_SPELLINGS_OF_ME[path]
    assert len(gateway.upstreams.requests) == before


def test_the_internal_listener_has_the_same_routes_and_checks(gateway: Any, realm: Any) -> None:
    assert gateway.ask("/v1/me", internal=True).status == 401
    assert gateway.ask("/v1/networks/..%2fme", internal=True).status == 400
    assert gateway.ask("/v1/me", internal=True, token=realm.token()).json["service"] == "membership"
    assert gateway.ask("/v1/networks", internal=True).json["service"] == "membership"


def test_a_service_that_is_down_answers_503_as_a_problem(start_gateway: Any) -> None:
    with start_gateway(REPORTING_PORT=1) as gateway:
        trace = secrets.token_hex(16)
        answer = gateway.ask("/v1/progress/x", headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"})
        assert answer.json["trace_id"] == trace
        assert (answer.status, answer.headers["content-type"]) == (503, "application/problem+json")
        assert answer.json["type"] == "urn:polity:problem:unavailable"
        page = gateway.ask("/v1/progress/x", headers={"Accept": "text/html"})
        assert (page.status, page.headers["content-type"]) == (503, "text/html; charset=utf-8")
        assert tuple(re.findall(r'lang="(\w+)"', page.text)) == LANGUAGES
