"""What a release of before left, taken over by the services of now: on its own database and Kafka, at its own time."""

import asyncio
import json
import subprocess
import sys
import tomllib
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
import pytest_asyncio
from polity_chassis.clock import AHEAD, utc_now
from polity_local.parts import kafka
from polity_local.releases.frozen import SERVICES, answers, at_rest, freeze, restore
from polity_local.running.instance import REPOSITORY
from polity_local.running.platform import Platform, start_platform
from polity_local.testing.parts import SmtpSink, running_smtp_sink

CURRENT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["version"]
RELEASES = sorted(
    folder for folder in (REPOSITORY / "tests" / "fixtures" / "releases").iterdir() if folder.name != CURRENT
)
"""Those of before: what the current one leaves is for the next."""
STARTED = ("membership", "notifications", "reporting")
ANSWERED_BY = {
    "notifications": ("/v1/deliveries", "/v1/webhook", "/v1/operations/notifications"),
    "reporting": ("/v1/progress", "/v1/operations/reporting"),
}
Rows = dict[str, dict[str, dict[str, Any]]]
"""By service and table, then by primary key."""


@dataclass
class Taken:
    """`realm` is the platform whose Keycloak signs people in; `before` are the rows as the release left them.

    `again` is what was restored, frozen once more.
    """

    platform: Platform
    realm: Platform
    folder: Path
    again: Path
    manifest: dict[str, Any]
    before: Rows
    mails: SmtpSink
    http: httpx.AsyncClient

    async def rows(self) -> Rows:
        return await rows(self.platform)


class _ByService(httpx.AsyncBaseTransport):
    """Leads a request to the service that answers it, as the gateway does."""

    def __init__(self, platform: Platform) -> None:
        self.platform, self.inner = platform, httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        service = next((name for name, paths in ANSWERED_BY.items() if path.startswith(paths)), "membership")
        request.url = httpx.URL(self.platform.service_url(service)).join(request.url.raw_path.decode())
        return await self.inner.handle_async_request(request)


@pytest_asyncio.fixture(scope="module", params=RELEASES, ids=lambda folder: folder.name)
async def taken(
    request: pytest.FixtureRequest, platform: Platform, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Taken]:
    folder, again = request.param, tmp_path_factory.mktemp("again")
    manifest = json.loads((folder / "manifest.json").read_text())
    with running_smtp_sink() as mails, _thawing(manifest, platform, mails) as thawed:
        await asyncio.to_thread(thawed.stack.start, ["postgres", "kafka"])
        await restore(thawed.instance, folder)
        await freeze(thawed, again, {}, answers(folder))
        before = await rows(thawed)
        # The deployment: topics first, then each service, which migrates its database.
        command = (sys.executable, "-m", "polity_contracts", "apply", "--bootstrap", thawed.kafka_bootstrap)
        await asyncio.to_thread(subprocess.run, command, check=True)
        await asyncio.to_thread(thawed.stack.start, STARTED)
        async with httpx.AsyncClient(transport=_ByService(thawed), base_url="http://taken", timeout=30) as http:
            found = Taken(thawed, platform, folder, again, manifest, before, mails, http)
            await at_rest(thawed)
            yield found


@contextmanager
def _thawing(manifest: dict[str, Any], realm: Platform, mails: SmtpSink) -> Iterator[Platform]:
    then = datetime.fromisoformat(manifest["frozen_at"])
    settings = {f"POLITY_{name.upper()}": value for name, value in manifest["keys"].items()}
    settings |= {
        "POLITY_CLOCK_AHEAD_SECONDS": str((then - utc_now() + AHEAD).total_seconds()),
        "POLITY_SMTP_PORT": str(mails.port),
        "POLITY_ISSUER": realm.issuer,
        "POLITY_JWKS_URL": f"{realm.keycloak_url}/realms/polity/protocol/openid-connect/certs",
    }
    with start_platform(overrides=settings, names=[]) as platform:
        platform.stack.programs["kafka"] = kafka.program(platform.instance, with_topics=False)
        yield platform


async def rows(platform: Platform) -> Rows:
    """Returns all rows of all tables but the one that says how far these are migrated."""
    found: Rows = {}
    for service in SERVICES:
        connection = await asyncpg.connect(platform.database_url(service).replace("postgresql+asyncpg", "postgresql"))
        try:
            for table, key in await connection.fetch(_TABLES):
                kept = await connection.fetch(f'SELECT to_jsonb(t) AS row FROM "{table}" AS t')
                read = [json.loads(each["row"]) for each in kept]
                found[f"{service}.{table}"] = {json.dumps([row[name] for name in key]): row for row in read}
        finally:
            await connection.close()
    return found


_TABLES = """
SELECT c.relname, array_agg(a.attname ORDER BY a.attnum)
  FROM pg_class c JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (i.indkey)
 WHERE c.relnamespace = 'public'::regnamespace AND c.relname <> 'alembic_version' GROUP BY c.relname
"""
