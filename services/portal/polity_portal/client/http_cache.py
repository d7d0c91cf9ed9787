"""A cache of the API's public answers, each revalidated by its ETag (RFC 9110, 13.1.2) whenever it is used."""

from collections import OrderedDict
from typing import Any, NamedTuple

import httpx

MOST_BYTES = 4 << 20
"""Bytes of all answers and their addresses, as text; parsed they take some five times as much memory."""


class _Answer(NamedTuple):
    etag: str
    content: Any
    size: int


class HttpCache:
    """The JSON of GETs without credentials, by address. The least recently used are evicted.

    Callers share the content and must not change it.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._answers: OrderedDict[str, _Answer] = OrderedDict()
        self._bytes = 0

    def prepare(self, request: httpx.Request) -> _Answer | None:
        """Returns the cached answer and makes the request conditional; None if there is none."""
        cached = self._answers.get(str(request.url))
        if cached:
            request.headers["If-None-Match"] = cached.etag
        return cached

    def content(self, response: httpx.Response, cached: _Answer | None) -> Any:
        """Returns the JSON of the answer to a request that `prepare` has seen, and caches it if it is for everybody."""
        address = str(response.request.url)
        if cached and response.status_code == httpx.codes.NOT_MODIFIED:
            self._put(address, cached)
            return cached.content
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
