"""A partner system subscribes through the gateway, and what happens on the platform arrives at its endpoint, signed."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
from polity_chassis.clock import utc_now
from polity_local.demo import letter
from polity_local.running.platform import Platform
from polity_local.testing.parts import verified

Taken = list[tuple[dict[str, str], str]]


@contextmanager
def endpoint() -> Iterator[tuple[str, Taken]]:
    """Listens on this machine, which the demonstration's setting allows."""
    taken: Taken = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            taken.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hooks", taken
    finally:
        server.shutdown()


def test_a_fact_reaches_the_partner_who_subscribed(platform: Platform) -> None:
    partner = {"Authorization": f"Bearer {platform.partner_token()}"}
    operator = {"Authorization": f"Bearer {platform.token('operations')}"}
    with endpoint() as (url, taken), httpx.Client(base_url=platform.url, timeout=30) as http:
        link = platform.grant_operator("Partner Test", "partner-test@polity.example")
        http.post("/v1/mandate-links", json={"link": link}, headers=operator).raise_for_status()
        wanted = {"url": url, "fact_types": ["membership.network_founded"]}
        told = http.post("/v1/webhooks", json=wanted, headers=partner).raise_for_status().json()
        try:
            made = http.post("/v1/networks", json=letter.NETWORK, headers=operator).raise_for_status().json()
            event = _arrived(taken, made["network_id"], told["secret"])
            assert event["type"] == "membership.network_founded"
            path = f"/v1/webhooks/{told['webhook_id']}"
            log = http.get(f"{path}/deliveries", headers=partner).raise_for_status().json()["items"]
            assert [one["message_id"] for one in log if one["subject"] == made["network_id"]] == [event["id"]]
        finally:
            http.delete(f"/v1/webhooks/{told['webhook_id']}", headers=partner).raise_for_status()


def _arrived(taken: Taken, subject: str, secret: str) -> Any:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for headers, body in taken:
            if json.loads(body)["subject"] == subject:
                return verified(secret, headers, body, utc_now())
        time.sleep(0.1)
    raise AssertionError("nothing arrived")
