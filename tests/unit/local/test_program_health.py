"""Which services `./dev up` takes for started."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from polity_local.running.program import serves


@pytest.fixture
def health(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a service whose health is the parameter: a status and what it says."""
    status, said = request.param

    class Health(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/health/ready" else 404)
            self.end_headers()
            self.wfile.write(json.dumps({"status": said}).encode())

        def log_message(self, *_: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Health)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("health", "expected"),
    [
        ((200, "ready"), True),
        ((503, "the database is not yet compared with what was published"), True),
        ((503, "published facts are unknown here: an operator has to settle the orphans"), True),
        ((503, "database unavailable"), False),
        ((500, "published"), False),
    ],
    indirect=["health"],
)
def test_a_service_is_started_that_waits_for_those_who_come_after_it(health: str, expected: bool) -> None:
    assert serves(health) is expected


def test_nobody_at_the_address_is_no_service() -> None:
    assert not serves("http://127.0.0.1:1")
