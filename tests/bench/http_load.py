"""Sends HTTP requests as fast as they are answered, over a fixed number of connections that stay open.

The clients are processes of their own, so that they share no interpreter with each other or with who is measured.
"""

import asyncio
import multiprocessing
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import aiohttp

PROCESSES = 2


class Request(NamedTuple):
    """One request as it is sent; its answer has to have the status that the load asks for."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes | None = None


@dataclass(frozen=True)
class Answered:
    """How many requests were answered per second, and what the slowest of a hundred took."""

    per_second: float
    p99_ms: float


@dataclass
class _Share:
    began: float = 0.0
    ended: float = 0.0
    seconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)


async def answered(requests: Sequence[Request], *, status: int, connections: int = 32) -> Answered:
    """Sends all of the requests once; raises RuntimeError where an answer has another status."""
    return await asyncio.to_thread(_answered, requests, status, connections)


def _answered(requests: Sequence[Request], status: int, connections: int) -> Answered:
    context = multiprocessing.get_context("spawn")
    ready = context.Barrier(PROCESSES)
    pipes = [context.Pipe() for _ in range(PROCESSES)]
    processes = [
        context.Process(target=_client, args=(theirs, ready, connections // PROCESSES), daemon=True)
        for _, theirs in pipes
    ]
    try:
        for process in processes:
            process.start()
        for number, (ours, _) in enumerate(pipes):
            ours.send(requests[number::PROCESSES])
        shares: list[_Share] = [_received(ours) for ours, _ in pipes]
    finally:
        for process in processes:
            process.kill()
            process.join()
    if wrong := sum((share.statuses for share in shares), Counter()) - Counter({status: len(requests)}):
        raise RuntimeError(f"answers with another status than {status}: {dict(wrong)}")
    seconds = sorted(each for share in shares for each in share.seconds)
    lasted = max(share.ended for share in shares) - min(share.began for share in shares)
    return Answered(len(requests) / lasted, 1000 * seconds[int(len(seconds) * 0.99)])


def _received(pipe: Any) -> _Share:
    if not pipe.poll(300):
        raise TimeoutError("not every request was answered within 300 s")
    share: _Share = pipe.recv()
    return share


def _client(pipe: Any, ready: Any, connections: int) -> None:
    requests = pipe.recv()
    pipe.send(asyncio.run(_send(requests, ready, connections)))


async def _send(requests: Sequence[Request], ready: Any, connections: int) -> _Share:
    share, waiting = _Share(), iter(requests)

    async def one_connection(session: aiohttp.ClientSession) -> None:
        for request in waiting:
            began = time.perf_counter()
            sent = session.request(request.method, request.url, headers=request.headers, data=request.body)
            async with sent as answer:
                await answer.read()
            share.seconds.append(time.perf_counter() - began)
            share.statuses[answer.status] += 1

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        ready.wait()
        share.began = time.perf_counter()
        await asyncio.gather(*(one_connection(session) for _ in range(connections)))
        share.ended = time.perf_counter()
    return share
