"""The empty room runs: as one process with every role, on a real database and broker."""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest_asyncio
from polity_local.testing.parts import KafkaForTests, PostgresForTests


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest_asyncio.fixture(scope="module")
async def events(postgres: PostgresForTests, kafka: KafkaForTests) -> AsyncIterator[Any]:
    """Returns the address of a running `python -m polity_events all` and its process."""
    port = free_port()
    settings = {
        "POLITY_PORT": str(port),
        "POLITY_DATABASE_URL": await postgres.create_database("events"),
        "POLITY_KAFKA_BOOTSTRAP": kafka.bootstrap,
        "POLITY_ISSUER": "http://issuer",
        "POLITY_JWKS_URL": "http://127.0.0.1:1/jwks",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "polity_events", "all", env={**os.environ, **settings}, stdout=asyncio.subprocess.DEVNULL
    )
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client, asyncio.timeout(60):
        while not await answers(client):
            assert process.returncode is None
            await asyncio.sleep(0.1)
    yield f"http://127.0.0.1:{port}", process
    if process.returncode is None:
        process.kill()
        await process.wait()


async def answers(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/health/ready")).status_code == 200
    except httpx.TransportError:
        return False


async def test_the_room_is_ready_and_shows_its_desk_to_nobody(events: Any) -> None:
    url, _ = events
    async with httpx.AsyncClient(base_url=url) as client:
        assert (await client.get("/health/live")).status_code == 200
        assert (await client.get("/v1/operations/events/parked")).status_code == 401
        paths = json.loads((await client.get("/openapi.json")).text)["paths"]
    assert (
        {path for path in paths if path.startswith("/v1/")}
        == {path for path in paths if path.startswith("/v1/operations/events/parked")}
        != set()
    )


async def test_the_room_stops_when_asked_to(events: Any) -> None:
    _, process = events
    process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(30):
        assert await process.wait() == 0
