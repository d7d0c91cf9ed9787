"""What the gateway writes down of a request: its log and its spans hold no link, query, address or agent."""

import json
import secrets
import time
from typing import Any

PARENT = "00f067aa0ba902b7"


def _visit(gateway: Any, token: str, trace: str) -> list[str]:
    """Asks with secrets in every place; returns the secrets."""
    link, query, agent, cookie = (secrets.token_hex(12) for _ in range(4))
    headers = {
        "User-Agent": agent,
        "Cookie": f"session={cookie}",
        "Referer": f"http://localhost/en/answer/{link}",
        "X-Forwarded-For": "203.0.113.77",
        "traceparent": f"00-{trace}-{PARENT}-01",
    }
    for path in (f"/en/answer/{link}?q={query}", f"/fr/mandate/{link}", f"/nowhere/{link}?q={query}", "/v1/networks"):
        gateway.ask(path, headers=headers)
    gateway.ask("/v1/answer", headers=headers | {"Authorization": f"Link {link}"})
    gateway.ask(f"/v1/me?q={query}", headers=headers, token=token)
    return [link, query, agent, cookie, token, "203.0.113.77", "127.0.0.1"]


def test_the_log_has_one_line_per_request_and_nothing_of_a_person(start_gateway: Any, realm: Any) -> None:
    trace = secrets.token_hex(16)
    with start_gateway() as gateway:
        planted = _visit(gateway, realm.token(), trace)
    text = gateway.log.read_text()
    lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    assert [(line["route"], line["status"]) for line in lines] == [
        ("portal-answer", 200),
        ("portal-link", 200),
        ("refused", 404),
        ("networks-campaigns-public", 200),
        ("answer", 200),
        ("membership", 200),
    ]
    assert {line["trace_id"] for line in lines} == {trace}
    assert all(line["request_id"] and line["method"] == "GET" for line in lines)
    written = "\n".join(line for line in text.splitlines() if line.startswith("{"))
    assert [secret for secret in planted if secret in written] == []


def test_a_trace_goes_on_through_the_gateway_and_its_spans_hold_nothing_of_a_person(gateway: Any, realm: Any) -> None:
    trace = secrets.token_hex(16)
    planted = _visit(gateway, realm.token(), trace)
    spans = _spans(gateway, trace, 6)
    names = {span["name"] for span in spans}
    assert {"GET portal-link", "GET answer", "GET membership", "GET refused"} <= names
    assert {span["localEndpoint"]["serviceName"] for span in spans} == {"gateway"}
    assert {span["parentId"] for span in spans} == {PARENT}
    assert {span["tags"]["http.url"] for span in spans} == {f"http://127.0.0.1:{gateway.port}"}
    rest = json.dumps([span | {"localEndpoint": "", "tags": span["tags"] | {"http.url": ""}} for span in spans])
    assert [secret for secret in planted if secret in rest] == []
    last = dict(gateway.upstreams.requests[-1]["headers"])["traceparent"]
    assert last in {f"00-{trace}-{span['id']}-01" for span in spans}


def _spans(gateway: Any, trace: str, count: int) -> list[dict[str, Any]]:
    """Returns the spans of the trace, once there are so many."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        found = [span for span in gateway.upstreams.spans if span["traceId"] == trace]
        if len(found) >= count:
            return found
        time.sleep(0.1)
    raise AssertionError(f"{count} spans did not come: {gateway.upstreams.spans}")
