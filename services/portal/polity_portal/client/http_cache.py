"""Public answers of the API, kept to be asked for again by their ETag: what hasn't changed isn't sent, nor parsed."""

from collections import OrderedDict
from typing import Any, NamedTuple

import httpx

MOST_BYTES = 4 << 20
"""Text of all answers with their addresses, which visitors choose; parsed it takes some five times as much memory."""


class _Answer(NamedTuple):
    etag: str
    content: Any
    size: int


class HttpCache:
    """The JSON of GETs without credentials, by address. Those asked for longest ago make room.

    Each use is checked with who answers: a page never shows what isn't so any more. Callers share the content and
    change nothing of it.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._answers: OrderedDict[str, _Answer] = OrderedDict()
        self._bytes = 0

    def prepare(self, request: httpx.Request) -> _Answer | None:
        """Returns what is kept of the request, having made the request conditional; None where nothing is."""
        kept = self._answers.get(str(request.url))
        if kept:
            request.headers["If-None-Match"] = kept.etag
        return kept

    def content(self, response: httpx.Response, kept: _Answer | None) -> Any:
        """Returns the JSON of the answer to a request that `ask` has seen, and keeps it where it may be kept."""
        address = str(response.request.url)
        if kept and response.status_code == httpx.codes.NOT_MODIFIED:
            self._put(address, kept)
            return kept.content
        content, size = response.json(), len(response.content) + len(address)
        if _for_everybody(response.headers) and size <= self._most_bytes:
            self._put(address, _Answer(response.headers["ETag"], content, size))
        return content

    def _put(self, address: str, answer: _Answer) -> None:
        before = self._answers.pop(address, None)
        self._answers[address] = answer
        self._bytes += answer.size - (before.size if before else 0)
        while self._bytes > self._most_bytes:
            self._bytes -= self._answers.popitem(last=False)[1].size


def _for_everybody(headers: httpx.Headers) -> bool:
    return "ETag" in headers and "Vary" not in headers and "no-store" not in headers.get("Cache-Control", "")
