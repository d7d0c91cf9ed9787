"""How much, how fast and how slowly a client may send, and which headers of its own count."""

import contextlib
import socket
from pathlib import Path
from typing import Any

import pytest
import yaml

KIB = 1024
IMPORT = "/v1/networks/x/local-government-imports"


def statuses(gateway: Any, count: int, **asked: Any) -> list[int]:
    return [gateway.ask("/v1/networks", **asked).status for _ in range(count)]


def test_a_client_that_asks_too_often_is_told_to_wait_and_no_other(start_gateway: Any) -> None:
    with start_gateway(CLIENT_BURST=5, CLIENT_REQUESTS_PER_SECOND=1) as gateway:
        assert statuses(gateway, 5) == [200] * 5
        assert 429 in statuses(gateway, 10)
        assert statuses(gateway, 5, source="127.0.0.2") == [200] * 5
        spoofed = [gateway.ask("/", headers={"X-Forwarded-For": f"203.0.113.{n}"}).status for n in range(20)]
        assert 429 in spoofed
        assert statuses(gateway, 50, internal=True) == [200] * 50
        refused = next(a for a in (gateway.ask("/v1/networks") for _ in range(50)) if a.status == 429)
        assert refused.json["type"] == "urn:polity:problem:too_many_requests"
        assert refused.headers["retry-after"] == "1"


def limits_of_compose() -> dict[str, Any]:
    """Returns what the deployment gives the gateway, but for where things are."""
    compose = yaml.safe_load((Path(__file__).parents[3] / "docker-compose.yml").read_text())
    given = compose["services"]["configure"]["environment"]
    return {name: given[name] for name in ("CLIENT_BURST", "CLIENT_REQUESTS_PER_SECOND", "REQUEST_TIMEOUT_SECONDS")}


def test_the_limits_that_are_deployed_are_reached(start_gateway: Any) -> None:
    given = limits_of_compose()
    with start_gateway(**given) as gateway, contextlib.ExitStack() as opened:
        address = ("127.0.0.1", gateway.port)
        clients = [opened.enter_context(socket.create_connection(address, timeout=20)) for _ in range(100)]
        assert _each_asks(clients) == {"404"}
        # The bucket fills while they ask: on a busy machine it takes many more than a burst.
        rounds = int(given["CLIENT_BURST"]) * 10 // len(clients)
        assert any("429" in _each_asks(clients) for _ in range(rounds))
        assert statuses(gateway, 5, source="127.0.0.2") == [200] * 5


def _each_asks(clients: list[socket.socket]) -> set[str]:
    for client in clients:
        client.sendall(b"GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n")
    return {client.recv(65536).decode().split()[1] for client in clients}


def test_a_client_is_remembered_while_many_others_ask(start_gateway: Any) -> None:
    with start_gateway(CLIENT_BURST=50, CLIENT_REQUESTS_PER_SECOND=1) as gateway:
        assert statuses(gateway, 50) == [200] * 50
        assert [gateway.ask("/", source=f"127.0.1.{n}").status for n in range(1, 101)] == [200] * 100
        assert 429 in statuses(gateway, 40)


@pytest.mark.parametrize(
    ("path", "limit"),
    [
        ("/v1/me", 256 * KIB),
        ("/v1/answer/proofs/x", 256 * KIB),
        (IMPORT, 8448 * KIB),
        ("/v1/campaigns/x/commitment-imports", 8448 * KIB),
        ("/en/office/networks/x/import", 8448 * KIB),
        ("/en/office/campaigns/x/earlier", 8448 * KIB),
        ("/en/answer/x/letter", 11264 * KIB),
        ("/en/office/campaigns/x/invitations/x/paper/proof", 11264 * KIB),
    ],
)
def test_a_body_may_be_as_large_as_its_route_allows(gateway: Any, realm: Any, path: str, limit: int) -> None:
    asked = {"token": realm.token(), "method": "POST"}
    assert gateway.ask(path, body=bytes(limit), **asked).json["size"] == limit
    before = len(gateway.upstreams.requests)
    answer = gateway.ask(path, body=bytes(limit + 1), **asked)
    assert (answer.status, answer.json["type"]) == (413, "urn:polity:problem:too_large")
    assert len(gateway.upstreams.requests) == before


def test_a_stranger_uploads_nothing(gateway: Any) -> None:
    assert gateway.ask(IMPORT, method="POST", body=bytes(KIB)).status == 401


@pytest.mark.parametrize(
    "begun",
    [
        b"POST /v1/answer/interest HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n",
        b"GET /en/slow-head HTTP/1.1\r\nHost: ",
    ],
    ids=["body", "headers"],
)
def test_a_request_that_arrives_too_slowly_is_cut_and_never_reaches_a_service(start_gateway: Any, begun: bytes) -> None:
    with start_gateway(REQUEST_TIMEOUT_SECONDS=1) as gateway:
        before = len(gateway.upstreams.requests)
        with socket.create_connection(("127.0.0.1", gateway.port), timeout=0.1) as client:
            client.sendall(begun)
            received = _dribble(client)
        assert received.startswith(b"HTTP/1.1 408 ")
        assert len(gateway.upstreams.requests) == before


def test_headers_have_less_time_than_a_whole_request(start_gateway: Any) -> None:
    shorter = ("request_headers_timeout: 10s", "request_headers_timeout: 1s")
    with (
        start_gateway(text=shorter) as gateway,
        socket.create_connection(("127.0.0.1", gateway.port), timeout=0.1) as client,
    ):
        client.sendall(b"GET /en/slow-head HTTP/1.1\r\nHost: ")
        assert _dribble(client).startswith(b"HTTP/1.1 408 ")


def _dribble(client: socket.socket) -> bytes:
    for _ in range(100):
        try:
            return client.recv(4096)
        except TimeoutError:
            client.sendall(b"x")
    return b""


@pytest.mark.parametrize(
    "headers", [{"X-Long": "x" * 40 * KIB}, {f"X-{n}": "x" for n in range(80)}], ids=["size", "count"]
)
def test_too_many_headers_are_refused(gateway: Any, headers: dict[str, str]) -> None:
    before = len(gateway.upstreams.requests)
    assert gateway.ask("/v1/networks", headers=headers).status == 431
    assert len(gateway.upstreams.requests) == before


@pytest.mark.parametrize("name", ["X_User", "Author_ization", "x_forwarded_for"])
def test_a_header_with_an_underscore_is_refused(gateway: Any, name: str) -> None:
    before = len(gateway.upstreams.requests)
    assert gateway.ask("/v1/networks", headers={name: "x"}).status == 400
    assert len(gateway.upstreams.requests) == before


def test_a_client_cannot_say_where_it_comes_from(gateway: Any) -> None:
    claimed = {
        "X-Forwarded-For": "203.0.113.7",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "evil.example",
        "Forwarded": "for=203.0.113.7;host=evil.example",
        "X-Envoy-External-Address": "203.0.113.7",
    }
    headers = gateway.ask("/v1/networks", headers=claimed).json["headers"]
    came = dict(headers)
    assert [value for name, value in headers if name == "x-forwarded-for"] == ["127.0.0.1"]
    assert came["x-forwarded-proto"] == "http"
    assert came["x-envoy-external-address"] == "127.0.0.1"
    assert {"x-forwarded-host", "forwarded"}.isdisjoint(came)


def test_a_client_cannot_steer_the_gateway(gateway: Any) -> None:
    claimed = {
        "X-Envoy-Internal": "true",
        "X-Envoy-Upstream-Rq-Timeout-Ms": "1",
        "X-Envoy-Force-Trace": "true",
        "X-Request-Id": "chosen-by-the-client",
    }
    came = dict(gateway.ask("/v1/networks", headers=claimed).json["headers"])
    assert came["x-request-id"] != "chosen-by-the-client"
    assert {"x-envoy-internal", "x-envoy-upstream-rq-timeout-ms", "x-envoy-force-trace"}.isdisjoint(came)


def test_a_proxy_of_ours_in_front_may_say_where_the_client_is(start_gateway: Any) -> None:
    with start_gateway(TRUSTED_HOPS=1) as gateway:
        claimed = {"X-Forwarded-For": "192.0.2.66, 203.0.113.7", "X-Forwarded-Proto": "https"}
        came = dict(gateway.ask("/v1/networks", headers=claimed).json["headers"])
        assert (came["x-forwarded-for"], came["x-forwarded-proto"]) == ("203.0.113.7", "https")


def test_answers_name_no_server_and_ask_for_https_where_there_is_some(start_gateway: Any) -> None:
    with start_gateway(ISSUER="https://polity.example/auth/realms/polity") as gateway:
        headers = gateway.ask("/en").headers
        assert headers["strict-transport-security"] == "max-age=31536000"
        refused = [gateway.ask("/v1/me"), gateway.ask("/nowhere"), gateway.ask("/v1/networks", token="x")]
        assert [answer.status for answer in refused] == [401, 404, 401]
        assert {answer.headers["strict-transport-security"] for answer in refused} == {"max-age=31536000"}
        assert headers["x-content-type-options"] == "nosniff"
        for path in ("/en", "/nowhere"):
            assert not {"server", "x-envoy-upstream-service-time", "via"} & gateway.ask(path).headers.keys()
