"""What leaves a process as a trace: spans with their parents, and no link, query, parameter or message in them.

Each test runs a process of its own, as tracing is set up once per process, against a collector of the test.
"""

import asyncio
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from polity_chassis.observability.tracing import EXPORT_SECONDS

TOKEN = "k1." + "A" * 22 + ".3." + "b" * 43
PLANTED = "Ana.Planted@example.org"
TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"

PROGRAM = """
import asyncio, json, sys, time
from datetime import UTC, datetime
import httpx
from fastapi import APIRouter, Request
from opentelemetry.trace import SpanKind
from polity_chassis.observability import tracing
from polity_chassis.authorization.access import PUBLIC, access
from polity_chassis.clock import utc_now
from polity_chassis.database.engine import Database
from polity_chassis.application import create_app
from polity_chassis.runtime import Runtime
from polity_chassis.service import Service
from polity_chassis.settings import ServiceSettings
from polity_chassis.web.dependencies import DatabaseDep
from sqlalchemy import text

database_url, exporter, requests = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
traces = tracing.setup("test", exporter)
router = APIRouter()

@router.get("/{language}/answer/{token}", **access(PUBLIC))
async def answer(token: str, request: Request, database: DatabaseDep, email: str) -> dict[str, str | None]:
    async with database.transaction() as session:
        await (await session.connection()).execute(text("SELECT CAST(:value AS text)"), {"value": "PLANTED"})
    with tracing.span_from(tracing.current_traceparent(), "apply", SpanKind.CONSUMER, {"fact": "x", "link": token}):
        return {"traceparent": tracing.current_traceparent()}

@router.get("/broken", **access(PUBLIC))
async def broken(database: DatabaseDep, email: str) -> None:
    async with database.transaction() as session:
        await (await session.connection()).execute(text("SELECT CAST(:value AS text)::uuid"), {"value": "PLANTED"})

@router.get("/quick", **access(PUBLIC))
async def quick() -> None:
    with tracing.span_from(None, "work"):
        pass

@router.get("/outward", **access(PUBLIC))
async def outward() -> None:
    async with httpx.AsyncClient() as client:
        await client.get(f"{sys.argv[4]}/answer/{'k1.' + 'A' * 22 + '.3.' + 'b' * 43}?email=PLANTED")

async def main() -> None:
    settings = ServiceSettings(port=1, database_url=database_url, kafka_bootstrap="h:1", issuer="http://i", jwks_url="http://i")
    database = Database(database_url, application_name="test")
    app = create_app(Service("test", settings, [router]), Runtime(settings, database, utc_now))
    answers = []
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service") as client:
        for path, headers in requests:
            started = time.perf_counter()
            got = await client.get(path, headers=headers)
            answers.append([got.status_code, got.text, time.perf_counter() - started])
    await database.close()
    print(json.dumps(answers))

asyncio.run(main())
started = time.perf_counter()
traces.shutdown()
print(time.perf_counter() - started)
""".replace("PLANTED", PLANTED)


class Collector:
    """Takes Zipkin spans as `POST /api/v2/spans`; one that hangs accepts the connection and never answers."""

    def __init__(self, *, hangs: bool = False) -> None:
        self.bodies: list[bytes] = []
        self.traceparents: list[str] = []
        self.let_go = threading.Event()
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                if hangs:
                    collector.let_go.wait(60)
                    return
                collector.bodies.append(self.rfile.read(int(self.headers["content-length"])))
                self.send_response(202)
                self.end_headers()

            def do_GET(self) -> None:
                collector.traceparents.append(self.headers["traceparent"])
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.let_go.set()
        self._server.shutdown()
        self._server.server_close()

    def spans(self) -> list[dict[str, Any]]:
        return [span for body in self.bodies for span in json.loads(body)]


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    yield made
    made.close()


@pytest.fixture
def hanging() -> Iterator[Collector]:
    made = Collector(hangs=True)
    yield made
    made.close()


async def run(
    postgres: Any, collector: Collector, exporter: str, requests: list[tuple[str, dict[str, str]]], **environment: str
) -> tuple[list[Any], float]:
    url = await postgres.create_database("traces")
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", PROGRAM, url, exporter, json.dumps(requests), collector.url],
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith("OTEL_")},
            "OTEL_EXPORTER_ZIPKIN_ENDPOINT": f"{collector.url}/api/v2/spans",
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"{collector.url}/v1/traces",
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answers, ending = done.stdout.splitlines()
    return json.loads(answers), float(ending)


async def test_spans_keep_their_parents_and_nothing_personal(postgres: Any, collector: Collector) -> None:
    headers = {"traceparent": PARENT, "user-agent": PLANTED, "baggage": f"email={PLANTED}"}
    requests = [
        (f"/es/answer/{TOKEN}?email={PLANTED}", headers),
        (f"/broken?email={PLANTED}", headers),
        (f"/unknown/{PLANTED}/{TOKEN}", headers),
        ("/outward", headers),
        ("/health/live", headers),
        ("/metrics", headers),
    ]
    answers, _ = await run(postgres, collector, "zipkin_json", requests)
    assert [status for status, _, _ in answers] == [200, 500, 404, 200, 200, 200]
    spans = {span["name"].lower(): span for span in collector.spans()}
    server = spans["get /{language}/answer/{token}"]
    assert (server["traceId"], server["parentId"], server["kind"]) == (TRACE, "b7ad6b7169203331", "SERVER")
    applied = spans["apply"]
    assert (applied["parentId"], applied["kind"]) == (server["id"], "CONSUMER")
    assert (applied["tags"]["fact"], applied["tags"]["link"]) == ("x", "{token}")
    assert applied["localEndpoint"]["serviceName"] == "test"
    statements = [span for span in collector.spans() if "SELECT CAST" in str(span.get("tags"))]
    assert {span["parentId"] for span in statements} == {server["id"], spans["get /broken"]["id"]}
    assert json.loads(answers[0][1])["traceparent"].split("-")[1:3] == [TRACE, applied["id"]]
    everything = b"".join(collector.bodies).decode()
    for secret in (TOKEN, PLANTED, "Planted", "b" * 43):
        assert secret not in everything
    assert "/health" not in everything
    assert "/metrics" not in everything
    (outward,) = (span for span in collector.spans() if span["kind"] == "CLIENT" and "http.url" in span["tags"])
    assert outward["parentId"] == spans["get /outward"]["id"]
    assert [value.split("-")[1:3] for value in collector.traceparents] == [[TRACE, outward["id"]]]


async def test_the_standard_sampler_variable_is_followed(postgres: Any, collector: Collector) -> None:
    requests = [("/quick", {}), ("/quick", {"traceparent": PARENT})]
    await run(postgres, collector, "zipkin_json", requests, OTEL_TRACES_SAMPLER="parentbased_always_off")
    assert [span["traceId"] for span in collector.spans() if span["name"] != "work"] == [TRACE]


async def test_otlp_goes_to_its_endpoint(postgres: Any, collector: Collector) -> None:
    await run(postgres, collector, "otlp", [(f"/es/answer/{TOKEN}", {})])
    sent = b"".join(collector.bodies)
    assert b"/{language}/answer/{token}" in sent
    assert TOKEN.encode() not in sent


async def test_none_sends_nothing(postgres: Any, collector: Collector) -> None:
    answers, _ = await run(postgres, collector, "none", [("/quick", {})])
    assert answers[0][0] == 200
    assert collector.bodies == []


@pytest.mark.parametrize("exporter", ["zipkin_json", "otlp"])
async def test_a_collector_that_hangs_slows_no_request_and_not_the_end(
    postgres: Any, hanging: Collector, exporter: str
) -> None:
    # More requests than the queue of spans (2,048) holds, so that some must be dropped.
    answers, ending = await run(postgres, hanging, exporter, [("/quick", {})] * 1500)
    requests = sorted(seconds for _, _, seconds in answers)
    assert {status for status, _, _ in answers} == {200}
    assert requests[-1] < 1.0, "one export may take 3 s: a request that waited for it would show"
    assert ending < 2 * EXPORT_SECONDS, "four batches were waiting, each for 3 s"
