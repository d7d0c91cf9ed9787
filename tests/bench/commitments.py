"""Commitments through HTTP, each by its own link, against pgbench doing the same statements with 8 clients.

Ours is membership's API process as it runs in a container: authorisation by link, Idempotency-Key, locks, rules,
milestone, facts in the outbox, commit. The peer is given ids and ordinals, and decides and checks nothing. On one
campaign every transaction of both locks the same row; with a thousand, hardly two meet.
"""

import asyncio
import json
import re
import statistics
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg
from http_load import Answered, Request, answered
from polity_chassis.authorization.links import LinkKeys, sign
from polity_chassis.clock import utc_now
from polity_chassis.database.urls import driver_url
from polity_local.parts.postgres import WHEEL
from polity_local.running.platform import Platform

EACH_RUN = 2_000
CONNECTIONS = 64
CLIENTS = 8
PGBENCH = WHEEL / "pginstall" / "bin" / "pgbench"
SCRIPT = Path(__file__).with_name("commitments.sql")
BODY = {
    "signatory_name": "Ana Torres",
    "signatory_office": "Mayor",
    "signed_on": "2026-03-02",
    "themes": ["housing", "care", "climate"],
}


async def measure(platform: Platform, runs: int = 5) -> dict[str, Any]:
    """Returns both rates on one campaign in commitments/s as medians over `runs` alternated runs, and their ratio."""
    return await _measure(platform, runs, campaigns=1)


async def measure_spread(platform: Platform, runs: int = 5) -> dict[str, Any]:
    """Returns the same over a thousand campaigns."""
    return await _measure(platform, runs, campaigns=1000)


async def _measure(platform: Platform, runs: int, *, campaigns: int) -> dict[str, Any]:
    await asyncio.to_thread(platform.stack.start, ["membership-api"])
    url = driver_url(platform.database_url("membership"))
    keys = LinkKeys.model_validate_json(platform.instance.secrets["answer_link_keys"])
    ours: list[Answered] = []
    peer: list[float] = []
    for _ in range(runs + 1):  # the first of each warms up
        await _fill(url, campaigns)
        ours.append(await _through_http(platform.service_url("membership"), keys))
        await _check(url)
        await _fill(url, campaigns)
        peer.append(await asyncio.to_thread(_pgbench, url, campaigns))
        await _check(url)
    rates = [run.per_second for run in ours[1:]]
    return {
        "name": f"commitments through HTTP, {campaigns} campaign{'s' if campaigns > 1 else ''}",
        "ours": round(statistics.median(rates)),
        "peer": round(statistics.median(peer[1:])),
        "ratio": round(statistics.median(rates) / statistics.median(peer[1:]), 2),
        "unit": "commitments/s",
        "peer_name": f"pgbench, the same statements, {CLIENTS} clients",
        "p99_ms": round(statistics.median(run.p99_ms for run in ours[1:]), 1),
        "runs": runs,
    }


async def _through_http(url: str, keys: LinkKeys) -> Answered:
    body = json.dumps(BODY).encode()
    requests = [
        Request(
            "POST",
            f"{url}/v1/answer/commitment",
            {
                "Authorization": f"Link {sign(keys, 'answer', _id('c', number), 1)}",
                "Idempotency-Key": f"bench-{number}",
                "Content-Type": "application/json",
            },
            body,
        )
        for number in range(EACH_RUN)
    ]
    return await answered(requests, status=201, connections=CONNECTIONS)


def _pgbench(url: str, campaigns: int) -> float:
    at = urlsplit(url)
    with tempfile.TemporaryDirectory() as folder:
        passwords = Path(folder, "pgpass")
        passwords.write_text(f"{at.hostname}:{at.port}:*:{at.username}:{at.password}\n")
        passwords.chmod(0o600)
        done = asyncio.run(
            _output(
                *(str(PGBENCH), "--no-vacuum", "-M", "prepared", "-f", str(SCRIPT), "-c", str(CLIENTS), "-j", "2"),
                *("-t", str(EACH_RUN // CLIENTS), "-D", "i=-1", "-D", f"clients={CLIENTS}"),
                *("-D", f"campaigns={campaigns}"),
                *("-h", str(at.hostname), "-p", str(at.port), "-U", str(at.username), at.path.lstrip("/")),
                passwords=passwords,
            )
        )
    rates = re.findall(r"^tps = ([\d.]+) \(without initial", done, re.MULTILINE)
    if not rates:
        raise RuntimeError(f"pgbench failed: {done[-500:]}")
    return float(rates[0])


async def _output(*command: str, passwords: Path) -> str:
    process = await asyncio.create_subprocess_exec(
        *command,
        env={"PGPASSFILE": str(passwords)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    return output.decode()


def _id(kind: str, number: int) -> UUID:
    """Returns what `_SQL_ID` makes of the same: `a` is a campaign, `b` a local government, `c` an invitation."""
    return UUID(f"00000000-0000-7000-800{kind}-{number:012x}")


_SQL_ID = "('00000000-0000-7000-800{kind}-' || lpad(to_hex({number}), 12, '0'))::uuid"

_FILL = """
TRUNCATE network CASCADE;
TRUNCATE person CASCADE;
TRUNCATE outbox, idempotency_key;
INSERT INTO network (id, name, fallback_language, time_zone, demonstration, fact_sequence)
VALUES ({e0}, '{{"en": "Bench"}}', 'en', 'UTC', true, 1);
INSERT INTO campaign (id, network_id, title, objectives, commitment_text, fallback_language, themes, milestones,
                      reply_at, reply_time_zone, demonstration, opened_at, counts_at_once, commitments_count,
                      withdrawn_count, reached_threshold, fact_sequence)
SELECT {a}, {e0}, '{{"en": "Bench"}}', '{{"en": "…"}}', '{{"en": "…"}}', 'en',
       '{{"housing": {{"en": "Housing"}}, "care": {{"en": "Care"}}, "climate": {{"en": "Climate"}}}}',
       '[{{"threshold": 100}}]', now() + interval '30 days', 'UTC', true, now(), true, 0, 0, 0, 1
  FROM generate_series(0, {campaigns} - 1) AS n;
INSERT INTO person (id, name, email, language, fact_sequence)
SELECT {d}, 'Contact ' || n, 'contact' || n || '@example.org', 'en', 1 FROM generate_series(0, {rows} - 1) AS n;
INSERT INTO local_government (id, network_id, name, country, region, latitude, longitude, time_zone, demonstration,
                              fact_sequence)
SELECT {b}, {e0}, 'City ' || n, 'ES', '039', 40, 3, 'UTC', true, 1 FROM generate_series(0, {rows} - 1) AS n;
INSERT INTO invitation (id, campaign_id, network_id, local_government_id, contact_id, language, wave, reply_at,
                        reply_time_zone, issued_at, status, link_generation, fact_sequence)
SELECT {c}, {campaign_of}, {e0}, {b}, {d}, 'en', '1', now() + interval '30 days', 'UTC', now(), 'invited', 1, 1
  FROM generate_series(0, {rows} - 1) AS n;
ANALYZE;
"""


async def _fill(url: str, campaigns: int) -> None:
    names = {kind: _SQL_ID.format(kind=kind, number="n") for kind in "abcd"}
    script = _FILL.format(
        **names,
        e0=f"'{_id('e', 0)}'::uuid",
        campaign_of=_SQL_ID.format(kind="a", number=f"n % {campaigns}"),
        campaigns=campaigns,
        rows=EACH_RUN,
    )
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(script)
    finally:
        await connection.close()


async def _check(url: str) -> None:
    """Every commitment is there once, with its fact, and each campaign's ordinals have no gap."""
    connection = await asyncpg.connect(url)
    try:
        row = await connection.fetchrow(
            """SELECT (SELECT count(*) FROM commitment) AS rows,
                      (SELECT count(DISTINCT key) FROM outbox WHERE type = 'membership.commitment_made') AS facts,
                      (SELECT sum(commitments_count) FROM campaign) AS counted,
                      (SELECT sum(last) FROM (SELECT max(ordinal) AS last FROM commitment GROUP BY campaign_id) AS of)
                        AS last"""
        )
    finally:
        await connection.close()
    if set(row.values()) != {EACH_RUN}:
        raise RuntimeError(f"{EACH_RUN} commitments became {dict(row)}, {utc_now()}")
