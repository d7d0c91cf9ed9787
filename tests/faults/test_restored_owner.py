"""Membership's database is set back to a backup while everything else runs on: nothing is lost in silence."""

import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import httpx
import pytest
from polity_chassis.authorization.links import LinkKeys, sign
from polity_chassis.clock import utc_now
from polity_local.demo.cities import Acknowledged, Cities, prepare
from polity_local.demo.client import checked
from polity_local.demo.counting import look
from polity_local.demo.load import Demo
from polity_local.running.platform import Platform
from scene import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

ORPHANS = "/v1/operations/membership/orphans"


class Backup:
    """Copies of membership's database, made and put in its place by the server's superuser as backups are."""

    def __init__(self, platform: Platform) -> None:
        self._url = platform.instance.admin_url
        self._name = platform.database_url("membership").rpartition("/")[2]
        self._copy = f"{self._name}_backup"

    async def make(self) -> None:
        async with self._alone() as connection:
            await connection.execute(f'CREATE DATABASE "{self._copy}" TEMPLATE "{self._name}" OWNER "{self._name}"')

    async def restore(self) -> None:
        async with self._alone() as connection:
            await connection.execute(f'ALTER DATABASE "{self._name}" RENAME TO "{self._name}_lost"')
            await connection.execute(f'ALTER DATABASE "{self._copy}" RENAME TO "{self._name}"')
            await connection.execute(f'DROP DATABASE "{self._name}_lost" WITH (FORCE)')

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[Any]:
        """Shuts everybody else out of the database meanwhile."""
        connection = await asyncpg.connect(self._url)
        try:
            await connection.execute(f'ALTER DATABASE "{self._name}" ALLOW_CONNECTIONS false')
            ending = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1"
            await connection.fetch(ending, self._name)
            yield connection
        finally:
            await connection.execute(f'ALTER DATABASE "{self._name}" ALLOW_CONNECTIONS true')
            await connection.close()


async def links_of(platform: Platform, demo: Demo) -> Sequence[str]:
    keys = LinkKeys.model_validate_json(platform.instance.secrets["answer_link_keys"])
    connection = await asyncpg.connect(platform.database_url("membership").replace("+asyncpg", ""))
    try:
        sql = "SELECT id FROM invitation WHERE campaign_id::text = $1 ORDER BY id"
        rows = await connection.fetch(sql, demo.campaign_id)
    finally:
        await connection.close()
    return [sign(keys, "answer", row["id"], 1) for row in rows]


async def test_what_was_published_after_the_backup_is_settled_and_three_new_pledges_have_numbers_of_their_own(
    platform: Platform,
) -> None:
    backup, mark = Backup(platform), secrets.token_hex(4)
    async with httpx.AsyncClient(base_url=platform.internal_url, timeout=30) as http:
        demo, _ = await prepare(platform, http, 9, mark, utc_now().date())
        links = await links_of(platform, demo)
        kept, lost, new = (Acknowledged(demo.campaign_id, demo.network_id) for _ in range(3))

        async def counted(count: int) -> bool:
            seen = await look(platform, demo.campaign_id, [])
            return len({commitment for commitment, _ in seen.commitment_facts}) == count

        await Cities(http, kept).all_at_once(links[:3], 3)
        await until(lambda: counted(3), "three pledges were not published")
        await backup.make()
        await Cities(http, lost).all_at_once(links[3:6], 3)
        await until(lambda: counted(6), "three more pledges were not published")
        await backup.restore()

        async def listed() -> list[Any] | None:
            answer = await http.get(ORPHANS, headers=demo.operator)
            return answer.json()["items"] if answer.status_code == 200 else None

        found = await until(listed, "nothing was found to be unknown")
        made = {item["key"]: item["data"]["ordinal"] for item in found if "commitment_made" in item["type"]}
        assert made == lost.committed

        async def withheld() -> bool:
            answer = await http.get(f"/v1/campaigns/{demo.campaign_id}")
            return (answer.status_code, answer.json().get("type")) == (503, "urn:polity:problem:owner_restored")

        await until(withheld, "membership served what it knew to be wrong")
        body = {"reason": "the database was set back to its backup"}
        settled = checked(await http.post(f"{ORPHANS}/settlement", json=body, headers=demo.operator))["settled"]
        assert settled == len(found)

        # The three whose pledge was lost, and three others: none has a number of before.
        await Cities(http, new).all_at_once(links[3:9], 3)
        assert sorted(new.committed.values()) == list(range(7, 13))
        assert not new.committed.keys() & lost.committed.keys()
        await until(lambda: counted(12), "the new pledges were not published")

        async def shown() -> bool:
            answer = await http.get(f"/v1/progress/{demo.campaign_id}/commitments", params={"limit": 100})
            ordinals = sorted(item["ordinal"] for item in checked(answer)["items"])
            return ordinals == [1, 2, 3, *range(7, 13)]

        await until(shown, "the new pledges did not all arrive")
        parked = [
            checked(await http.get(f"/v1/operations/{service}/parked", headers=demo.operator))["items"]
            for service in ("notifications", "reporting", "events")
        ]
        assert parked == [[], [], []]
