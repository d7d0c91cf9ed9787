"""Posts to an address that somebody else chose: resolved once, checked, connected to as checked, and never for long."""

import asyncio
import socket
import ssl
import time
from collections import defaultdict
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from polity_notifications.domain.endpoints import literal, permits

TIMEOUT_SECONDS = 15.0
"""From the name's resolution to the answer's last byte: a dripping endpoint gets no more."""
CONNECT_SECONDS = 5.0
MOST_ANSWER_BYTES = 65_536
RESOLVING_THREADS = 64
"""Names that resolve slowly hold a thread each, also when their post has timed out: enough for many at a time."""
RESOLVING_PER_OWNER = 8
"""By each of the two schemes: so that the names of no two partners hold up the others'."""

_owner: ContextVar[str] = ContextVar("owner", default="")
"""Whose post is under way: aiohttp's resolver is told nothing but the name."""


class AddressRefused(Exception):
    """The endpoint's name leads, or may lead, somewhere else than the public Internet."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one post: the status that was answered, or why there was none."""

    milliseconds: int
    status_code: int | None = None
    reason: str | None = None
    retry_after: str | None = None

    @property
    def taken(self) -> bool:
        return self.reason is None


@lru_cache(maxsize=4096)
def _permits(scheme: str, host: str, allow_loopback: bool) -> bool:
    address = literal(host)
    return address is not None and permits(scheme, address, allow_loopback=allow_loopback)


@lru_cache(maxsize=4096)
def _target(url: str) -> tuple[URL, bool]:
    """Returns the URL as it is, and whether its host is an address rather than a name."""
    parsed = URL(url, encoded=True)
    return parsed, literal(parsed.host or "") is not None


class CheckedResolver(AbstractResolver):
    """Resolves for one scheme; refuses a name if any of its addresses is one not to connect to."""

    def __init__(self, scheme: str, *, allow_loopback: bool, threads: ThreadPoolExecutor) -> None:
        self._scheme, self._allow_loopback, self._threads = scheme, allow_loopback, threads
        self._places: dict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(RESOLVING_PER_OWNER))

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Returns the addresses to connect to; raises AddressRefused, or OSError for a name that doesn't resolve."""
        ask = partial(socket.getaddrinfo, host, port, socket.AF_UNSPEC, socket.SOCK_STREAM)
        places = self._places[_owner.get()]
        await places.acquire()
        asked = self._threads.submit(ask)
        # A thread that asks isn't stopped when the post is: its place is free only when it is.
        asked.add_done_callback(partial(_free, asyncio.get_running_loop(), places))
        found = await asyncio.wrap_future(asked)
        addresses = [(kind, str(address[0])) for kind, _, _, _, address in found]
        for _, address in addresses:
            self.check(address)
        return [
            ResolveResult(hostname=host, host=address, port=port, family=kind, proto=0, flags=socket.AI_NUMERICHOST)
            for kind, address in addresses
        ]

    def check(self, host: str) -> None:
        """Raises AddressRefused for an address not to connect to, written in whatever way."""
        if not _permits(self._scheme, host, self._allow_loopback):
            raise AddressRefused

    async def close(self) -> None:
        """Nothing is held."""


def _free(loop: asyncio.AbstractEventLoop, places: asyncio.Semaphore, _: Future[Any]) -> None:
    # A thread may outlive the loop that waited for it.
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(places.release)


class Poster:
    """Posts by one session per scheme; their connections are kept for the next post."""

    def __init__(self, *, allow_loopback: bool, tls: ssl.SSLContext | None = None, seconds: float = TIMEOUT_SECONDS):
        self._threads = ThreadPoolExecutor(RESOLVING_THREADS, "resolving")
        self._resolvers = {
            scheme: CheckedResolver(scheme, allow_loopback=allow_loopback, threads=self._threads)
            for scheme in ("https", "http")
        }
        self._sessions = {scheme: _session(resolver, tls, seconds) for scheme, resolver in self._resolvers.items()}

    async def close(self) -> None:
        for session in self._sessions.values():
            await session.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def post(self, url: str, headers: Mapping[str, str], body: bytes, owner: str = "") -> Answer:
        """Returns what the endpoint answered within the time; raises nothing for what an endpoint does.

        Of one owner's posts by one scheme, RESOLVING_PER_OWNER at a time ask for an address.
        """
        _owner.set(owner)
        started = time.perf_counter()
        status, retry_after = None, None
        try:
            status, retry_after = await self._status(url, headers, body)
            reason = None if 200 <= status < 300 else "redirect" if 300 <= status < 400 else "status"
        except (AddressRefused, aiohttp.InvalidURL):
            # InvalidURL: an IPv4 address in one of its older spellings.
            reason = "address_refused"
        except TimeoutError:
            reason = "timeout"
        except aiohttp.ClientConnectorDNSError:
            reason = "unknown_host"
        except (aiohttp.ClientSSLError, ssl.SSLError):
            reason = "tls"
        except (aiohttp.ClientError, OSError, ValueError):
            reason = "no_connection"
        return Answer(round((time.perf_counter() - started) * 1000), status, reason, retry_after)

    async def _status(self, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, str | None]:
        to, literally = _target(url)
        if literally:
            self._resolvers[to.scheme].check(to.host or "")
        async with self._sessions[to.scheme].post(to, data=body, headers=headers, allow_redirects=False) as answer:
            await _read_some(answer)
            return answer.status, answer.headers.get("Retry-After")


async def _read_some(answer: aiohttp.ClientResponse) -> None:
    """Reads the answer so that its connection can serve again; one that says too much is hung up on."""
    read = 0
    async for chunk in answer.content.iter_any():
        read += len(chunk)
        if read > MOST_ANSWER_BYTES:
            answer.close()
            return


def _session(resolver: AbstractResolver, tls: ssl.SSLContext | None, seconds: float) -> aiohttp.ClientSession:
    connector = aiohttp.TCPConnector(
        resolver=resolver, use_dns_cache=False, limit=0, ssl=True if tls is None else tls, keepalive_timeout=10
    )
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=seconds, sock_connect=CONNECT_SECONDS),
        auto_decompress=False,
        headers={"User-Agent": "Polity-Webhooks/1", "Accept": "*/*"},
    )
