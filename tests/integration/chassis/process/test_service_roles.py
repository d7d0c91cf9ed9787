"""The process of a service: its roles, its end, and what it says of itself."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from alembic.migration import MigrationContext
from alembic.operations import Operations
from polity_chassis.clock import utc_now
from polity_chassis.database.engine import Database
from polity_chassis.database.migrations import change_chassis_tables, create_chassis_tables
from polity_chassis.runtime import Runtime
from polity_chassis.web.health import health_app
from sqlalchemy import Connection, text


class Running:
    """One process of the service, on a free port."""

    def __init__(self, url: str, bootstrap: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.environment = {
            **os.environ,
            "POLITY_PORT": str(self.port),
            "POLITY_DATABASE_URL": url,
            "POLITY_KAFKA_BOOTSTRAP": bootstrap,
            "POLITY_ISSUER": "http://127.0.0.1:1/realms/test",
            "POLITY_JWKS_URL": "http://127.0.0.1:1/certs",
        }
        self.process: Any = None

    async def start(self, *roles: str, **environment: str) -> None:
        self.process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(Path(__file__).parent / "a_service.py"),
            *roles,
            env=self.environment | environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    async def get(self, path: str) -> httpx.Response:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", timeout=30) as client:
            return await client.get(path)

    async def ready(self) -> None:
        async with asyncio.timeout(60):
            while True:
                with contextlib.suppress(httpx.TransportError):
                    if (await self.get("/health/ready")).status_code == 200:
                        return
                await asyncio.sleep(0.05)

    async def end(self, number: signal.Signals | None = None) -> tuple[int, str]:
        """Returns the exit status and what was written."""
        if number is not None:
            self.process.send_signal(number)
        output, errors = await asyncio.wait_for(self.process.communicate(), 60)
        return self.process.returncode, output.decode() + errors.decode()


def make_tables(connection: Connection) -> None:
    op = Operations(MigrationContext.configure(connection))
    create_chassis_tables(op)
    change_chassis_tables(op)


async def with_tables(url: str) -> Database:
    database = Database(url, application_name="test")
    async with database.engine.begin() as connection:
        await connection.run_sync(make_tables)
    return database


@pytest_asyncio.fixture
async def running(postgres: Any, kafka: Any) -> AsyncIterator[Running]:
    url = await postgres.create_database("service")
    await (await with_tables(url)).close()
    running = Running(url, kafka.bootstrap)
    yield running
    if running.process and running.process.returncode is None:
        running.process.kill()
        await running.process.wait()


@pytest.mark.parametrize("roles", [["worker"], ["relay"], ["api", "worker", "relay"]])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_every_role_answers_for_its_health_and_stops_when_told(
    running: Running, roles: list[str], number: signal.Signals
) -> None:
    await running.start(*roles)
    await running.ready()
    assert (await running.get("/health/live")).status_code == 200
    assert "polity_outbox_age_seconds 0" in (await running.get("/metrics")).text
    assert (await running.get("/v1/slow")).status_code == (200 if "api" in roles else 404)
    assert (await running.end(number))[0] == 0


async def test_a_request_under_way_is_answered_before_the_process_ends(running: Running) -> None:
    await running.start("api")
    await running.ready()
    request = asyncio.create_task(running.get("/v1/slow"))
    await asyncio.sleep(0.3)
    status, _ = await running.end(signal.SIGTERM)
    assert (await request).json() == {"finished": True}
    assert status == 0


async def test_a_part_that_fails_ends_the_process_visibly(running: Running) -> None:
    await running.start("api", "worker", CRASH="1")
    status, output = await running.end()
    assert status == 1
    assert "a part ended by itself" in output
    assert "ZeroDivisionError" in output


async def test_a_busy_port_ends_the_process(running: Running) -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", running.port))
        busy.listen()
        await running.start("api")
        assert (await running.end())[0] != 0


@pytest.mark.parametrize("arguments", [[], ["everything"]])
async def test_an_unknown_role_is_told_which_there_are(running: Running, arguments: list[str]) -> None:
    await running.start(*arguments)
    status, output = await running.end()
    assert status == 2
    assert "api | worker | relay | migrate | all" in output


async def test_metrics_tell_the_age_of_the_outbox_and_what_is_parked(postgres: Any) -> None:
    database = await with_tables(await postgres.create_database("service"))
    async with database.transaction() as session:
        connection = await session.connection()
        await connection.execute(
            text(
                "INSERT INTO outbox (message_id, topic, key, key_hash, sequence, type, version, visibility, networks,"
                " occurred_at, added_at)"
                " SELECT gen_random_uuid(), 't', 'k', 0, n, 'x', 1, 'public', '', now(), now() - interval '1 hour'"
                "  FROM generate_series(1, 3) AS n"
            )
        )
        await connection.execute(
            text(
                'INSERT INTO parked_message (id, consumer, topic, partition, "offset", reason, discarded_at)'
                " VALUES (gen_random_uuid(), 'c', 't', 0, 1, 'data', NULL),"
                " (gen_random_uuid(), 'c', 't', 0, 2, 'data', now())"
            )
        )
    lines = (await ask(database, "/metrics")).text.splitlines()
    await database.close()
    values = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    assert values["polity_outbox_rows"] == "3"
    assert float(values["polity_outbox_age_seconds"]) >= 3600
    assert values['polity_parked_messages{consumer="c"}'] == "1"
    assert values["polity_database_up"] == "1"


async def test_a_process_without_its_database_lives_but_is_not_ready() -> None:
    database = Database("postgresql+asyncpg://nobody:x@127.0.0.1:1/none", application_name="absent")
    assert (await ask(database, "/health/live")).status_code == 200
    assert (await ask(database, "/health/ready")).status_code == 503
    assert "polity_database_up 0" in (await ask(database, "/metrics")).text
    await database.close()


async def ask(database: Database, path: str) -> httpx.Response:
    runtime: Any = Runtime(None, database, utc_now)  # type: ignore[arg-type]
    transport = httpx.ASGITransport(app=health_app(runtime))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        return await client.get(path)
