"""An import whose process dies in its middle leaves nothing half, and the same call again does it once."""

import asyncio
import csv
import io
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import httpx
import pytest
from polity_chassis.clock import utc_now
from polity_local.demo.cities import prepare
from polity_local.demo.client import checked
from polity_local.demo.counting import look
from polity_local.demo.letter import THEMES
from polity_local.demo.load import Demo
from polity_local.demo.places import invented_csv
from polity_local.running.platform import Platform
from scene import until

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]

ROWS = 200
COUNTS = """
SELECT (SELECT count(*) FROM local_government WHERE network_id = $1::text::uuid) AS places,
       (SELECT count(*) FROM invitation WHERE network_id = $1::text::uuid) AS invitations,
       (SELECT count(*) FROM commitment WHERE network_id = $1::text::uuid) AS commitments,
       (SELECT commitments_count FROM campaign WHERE id = $2::text::uuid) AS counted,
       (SELECT count(*) FROM milestone_reached WHERE campaign_id = $2::text::uuid) AS milestones,
       (SELECT count(*) FROM person) AS people
"""
WAITS = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


@dataclass
class Importing:
    """One import of a demonstration, sent with one key however often."""

    platform: Platform
    http: httpx.AsyncClient
    demo: Demo
    database: Any
    path: str
    content: bytes
    key: str = field(default_factory=lambda: secrets.token_hex(8))

    async def send(self) -> httpx.Response:
        headers = {**self.demo.secretariat, "Content-Type": "text/csv", "Idempotency-Key": self.key}
        return await self.http.post(f"{self.path}?dry_run=false", content=self.content, headers=headers)

    async def counts(self) -> dict[str, int]:
        return dict(await self.database.fetchrow(COUNTS, self.demo.network_id, self.demo.campaign_id))

    async def killed_while_it_waits_for(self, table: str) -> None:
        """Kills the API when the import comes to write to the table, of which somebody keeps it."""
        async with self.database.transaction():
            await self.database.execute(f"LOCK TABLE {table} IN SHARE MODE")
            sending = asyncio.create_task(self.send())

            async def waits() -> bool:
                return bool(await self.database.fetch(WAITS))

            await until(waits, f"the import never came to {table}")
            pid = self.platform.kill("membership-api")
        (lost,) = await asyncio.gather(sending, return_exceptions=True)
        assert isinstance(lost, httpx.TransportError) or lost.status_code >= 500
        await asyncio.to_thread(self.platform.wait_started_again, "membership-api", pid)

    async def done(self) -> dict[str, Any]:
        """Returns the answer to the same call, once the platform can give one."""

        async def answered() -> httpx.Response | None:
            try:
                answer = await self.send()
            except httpx.TransportError:
                return None
            return answer if answer.status_code < 500 else None

        report: dict[str, Any] = checked(await until(answered, "the import was never answered"))
        return report


@asynccontextmanager
async def importing(platform: Platform, cities: int) -> AsyncIterator[Importing]:
    """A demonstration of its own, into which something is imported."""
    async with httpx.AsyncClient(base_url=platform.internal_url, timeout=60) as http:
        demo, _ = await prepare(platform, http, cities, secrets.token_hex(4), utc_now().date())
        database = await asyncpg.connect(platform.database_url("membership").replace("+asyncpg", ""))
        try:
            yield Importing(platform, http, demo, database, "", b"")
        finally:
            await database.close()


def earlier(places: str) -> bytes:
    """Returns a file of pledges of an earlier wave, one by each of the places."""
    file = io.StringIO()
    rows = [
        {
            **{name: value for name, value in row.items() if name != "subdivision"},
            "wave": "2021", "committed_at": "2021-12-10", "signed_on": "2021-12-09",
            "signatory_name": f"Signatory {number}", "signatory_office": "Mayor",
            **{f"theme{place}": theme for place, theme in enumerate(list(THEMES)[:3], start=1)},
        }
        for number, row in enumerate(csv.DictReader(io.StringIO(places)))
    ]  # fmt: skip
    writer = csv.DictWriter(file, rows[0].keys())
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue().encode()


@pytest.mark.parametrize("table", ["local_government_contact", "outbox"])
async def test_a_register_is_imported_once_though_the_first_try_was_killed(platform: Platform, table: str) -> None:
    async with importing(platform, 3) as one:
        one.path = f"/v1/networks/{one.demo.network_id}/local-government-imports"
        one.content = invented_csv(ROWS, secrets.token_hex(4)).encode()
        before = await one.counts()
        await one.killed_while_it_waits_for(table)
        assert await one.counts() == before
        reports = [await one.done() for _ in range(2)]
        assert reports[0] == reports[1]
        after = await one.counts()
        assert {name: after[name] - before[name] for name in after} == {
            "places": ROWS, "invitations": 0, "commitments": 0, "counted": 0, "milestones": 0, "people": ROWS,
        }  # fmt: skip


async def test_earlier_commitments_are_imported_once_though_the_first_try_was_killed(platform: Platform) -> None:
    async with importing(platform, 3) as one:
        one.path = f"/v1/campaigns/{one.demo.campaign_id}/commitment-imports"
        one.content = earlier(invented_csv(ROWS, secrets.token_hex(4)))
        before = await one.counts()
        await one.killed_while_it_waits_for("commitment")
        assert await one.counts() == before
        reports = [await one.done() for _ in range(2)]
        assert reports[0] == reports[1]
        after = await one.counts()
        assert {name: after[name] - before[name] for name in after} == {
            "places": ROWS, "invitations": ROWS, "commitments": ROWS, "counted": ROWS, "milestones": 2,
            "people": 2 * ROWS,
        }  # fmt: skip

        async def published() -> bool:
            seen = await look(platform, one.demo.campaign_id, [])
            return len(seen.commitment_facts) >= ROWS and len(seen.milestone_facts) >= 2

        await until(published, "the facts never came to Kafka")
        seen = await look(platform, one.demo.campaign_id, [])
        made = [commitment for commitment, _ in seen.commitment_facts]
        assert (len(made), len(set(made)), len(seen.milestone_facts)) == (ROWS, ROWS, 2)
