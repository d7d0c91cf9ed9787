"""Values that occur nowhere else, and a byte scan of everything that a platform keeps of them."""

import base64
import secrets
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import asyncpg
import httpx
from polity_local.running.platform import Platform

NAMES = (
    "contact_name", "contact_email", "signatory_name", "signatory_office", "holder_name", "holder_email", "form_name",
    "reason", "letter", "former_name", "nobodys_name", "nobodys_letter",
)  # fmt: skip


class Planted(dict[str, str]):
    """Values by what they are; all of one test share a mark, so that one search finds any of them."""

    def __init__(self) -> None:
        self.mark = f"zq{secrets.token_hex(6)}"
        super().__init__({name: f"{self.mark}{number:02}{secrets.token_hex(2)}" for number, name in enumerate(NAMES)})
        self.given: dict[str, str] = {}
        """Values that the platform itself has chosen."""

    def found_in(self, content: bytes) -> set[str]:
        """Returns which values the bytes hold in any of the usual ways to write them."""
        given = {name for name, value in self.given.items() if any(form in content for form in forms(value))}
        if not any(form in content for form in forms(self.mark)):
            return given
        found = {name for name, value in self.items() if any(form in content for form in forms(value))}
        return given | (found or {"a part of some value"})

    def found_on(self, platform: Platform) -> dict[str, set[str]]:
        """Returns what is found in which store, stores without a find left out."""
        found = {
            store: set().union(*(self.found_in(_content(path)) for path in files))
            for store, files in _stores(platform).items()
        }
        found["traces"] = set().union(*map(self.found_in, _traces(platform)))
        return {store: values for store, values in found.items() if values}


def forms(value: str) -> Iterator[bytes]:
    """Yields the value as UTF-8 (JSON, URLs and quoted-printable leave it so), UTF-16, hexadecimal and base64."""
    raw = value.encode()
    yield raw
    yield raw.upper()
    yield value.encode("utf-16-le")
    yield value.encode("utf-16-be")
    yield raw.hex().encode()
    for shift in range(3):
        # What stands before decides how the bytes fall into groups of three; the outer characters depend on it.
        encoded = base64.b64encode(b"\0" * shift + raw)
        yield encoded[(0, 2, 3)[shift] : len(raw) * 4 // 3 - 2]


def _traces(platform: Platform) -> Iterator[bytes]:
    """Yields every trace that the viewer keeps, newest first, by pages: one answer with all is more than its heap."""
    limit, end, seen = 200, time.time_ns() // 1_000_000, set[str]()
    while True:
        wanted = {"limit": limit, "endTs": end, "lookback": end}
        answer = httpx.get(f"{platform.zipkin_url}/api/v2/traces", params=wanted, timeout=60).raise_for_status()
        yield answer.content
        page = answer.json()
        seen.update(trace[0]["traceId"] for trace in page)
        if len(page) < limit:
            break
        # A trace stands where its latest span up to the end does.
        latest = (max(ms for span in trace if (ms := span.get("timestamp", 0) // 1000) <= end) for trace in page)
        end, before = min(latest), end
        assert end < before, "more traces in a millisecond than a page holds"
    assert len(seen) > 10


def _stores(platform: Platform) -> dict[str, Iterable[Path]]:
    """Returns every file of the run by the store it belongs to."""
    place = platform.instance
    state = {path for path in place.state.rglob("*") if path.is_file() and not path.is_symlink()}
    postgres = {path for path in (place.postgres_home / "data").rglob("*") if path.is_file()}
    kafka = {path for path in state if path.is_relative_to(place.state / "kafka" / "data")}
    logs = {path for path in state if path.is_relative_to(place.state / "log")}
    assert min(len(postgres), len(kafka), len(logs)) > 10
    proofs = {path for path in state if path.is_relative_to(place.state / "files")}
    stores = {"postgres": postgres, "kafka": kafka, "logs": logs, "proofs": proofs}
    return {**stores, "other files": state.difference(*stores.values())}


def _content(path: Path) -> bytes:
    try:
        # Kafka's indexes are gigabytes of nothing.
        return path.read_bytes().rstrip(b"\0")
    except FileNotFoundError:
        return b""


async def flush_databases(platform: Platform) -> None:
    """Writes what PostgreSQL holds in memory to its files."""
    server = await asyncpg.connect(platform.instance.admin_url)
    await server.execute("CHECKPOINT")
    await server.close()


async def rewrite_databases(platform: Platform) -> None:
    """Rewrites every database and lets the log of changes go: where a deleted row stays on disk."""
    server = await asyncpg.connect(platform.instance.admin_url)
    try:
        await server.execute("ALTER SYSTEM SET wal_recycle = off")
        await server.execute("SELECT pg_reload_conf()")
        for (name,) in await server.fetch("SELECT datname FROM pg_database WHERE datallowconn"):
            database = await asyncpg.connect(platform.instance.admin_url, database=name)
            # The planner's statistics hold samples of every column.
            await database.execute("ANALYZE")
            await database.execute("VACUUM FULL")
            await database.close()
        for _ in range(2):
            await server.execute("CHECKPOINT")
            await server.execute("SELECT pg_switch_wal()")
        await server.execute("CHECKPOINT")
    finally:
        await server.execute("ALTER SYSTEM RESET wal_recycle")
        await server.execute("SELECT pg_reload_conf()")
        await server.close()
