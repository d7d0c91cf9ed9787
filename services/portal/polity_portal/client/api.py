"""The platform's HTTP API as the portal calls it, through the gateway's internal listener."""

import json
from asyncio import sleep
from typing import Any

import httpx

from polity_portal.client.http_cache import HttpCache
from polity_portal.client.problems import ApiUnavailable, raise_for_problem
from polity_portal.i18n.languages import FALLBACK

TIMEOUT = httpx.Timeout(10.0, connect=2.0)
CONNECTIONS = httpx.Limits(max_connections=200, max_keepalive_connections=50)
SLOW = httpx.Timeout(60.0, connect=2.0)
"""For invitations by the thousand."""
LONGEST_PAUSE_SECONDS = 3
IMPORT = httpx.Timeout(110.0, connect=2.0)
"""For imports of ten thousand rows; the gateway waits 120 s."""


def bearer(token: str) -> str:
    return f"Bearer {token}"


def link(token: str) -> str:
    return f"Link {token}"


def client_for(base_url: str) -> httpx.AsyncClient:
    """Returns the client, with its connections, that all requests of the process share."""
    return httpx.AsyncClient(base_url=base_url, timeout=TIMEOUT, limits=CONNECTIONS, trust_env=False)


class Api:
    """The API in one language. Raises ApiProblem for 4xx and ApiUnavailable for the rest."""

    def __init__(self, client: httpx.AsyncClient, language: str = FALLBACK, cache: HttpCache | None = None) -> None:
        self._client = client
        self._language = language
        self._cache = cache or HttpCache()

    def in_language(self, language: str) -> "Api":
        """Returns this API with titles and messages of problems in another language (BCP 47)."""
        return Api(self._client, language, self._cache)

    async def close(self) -> None:
        await self._client.aclose()

    async def get(self, path: str, *, credentials: str | None = None, **params: str | int | None) -> Any:
        """Returns the JSON of a GET; parameters that are None or empty are left out. Retries a broken connection once.

        Without credentials the answer is shared with other callers and must not be changed.
        """
        request = self._client.build_request(
            "GET",
            path,
            params={k: v for k, v in params.items() if v not in (None, "")},
            headers=self._headers(credentials),
        )
        if credentials:
            return _json_of(await self._send(request, again=True))
        cached = self._cache.prepare(request)
        answer = await self._send(request, again=True)
        try:
            return self._cache.content(answer, cached)
        except ValueError as unreadable:
            raise ApiUnavailable from unreadable

    async def every(self, path: str, *, credentials: str, limit: int, **params: str | None) -> list[dict[str, Any]]:
        """Returns the items of all pages of a list, up to `limit` items."""
        items: list[dict[str, Any]] = []
        cursor: str | None = None
        while len(items) < limit:
            page = await self.get(path, credentials=credentials, limit=200, cursor=cursor, **params)
            items += page["items"]
            cursor = page["next"]
            if not cursor:
                break
        return items[:limit]

    async def post(
        self, path: str, body: dict[str, Any] | None = None, *, credentials: str, idempotency_key: str | None = None
    ) -> Any:
        """Returns the JSON of a POST, None without content. With a key it retries a broken connection once."""
        request = self._client.build_request(
            "POST", path, json=body or {}, headers=self._headers(credentials, idempotency_key), timeout=SLOW
        )
        answer = await self._send(request, again=idempotency_key is not None)
        return _json_of(answer) if answer.content else None

    async def delete(self, path: str, *, credentials: str) -> None:
        """Sends a DELETE, without a retry."""
        request = self._client.build_request("DELETE", path, headers=self._headers(credentials), timeout=SLOW)
        await self._send(request, again=False)

    async def put(self, path: str, body: dict[str, Any], *, credentials: str, revision: int) -> Any:
        """Returns the JSON of a PUT with the revision as If-Match. Retries once after a broken connection."""
        headers = {**self._headers(credentials), "If-Match": f'"{revision}"'}
        request = self._client.build_request("PUT", path, json=body, headers=headers)
        return _json_of(await self._send(request, again=True))

    async def send(
        self, method: str, path: str, *, credentials: str, content: bytes = b"", headers: dict[str, str] | None = None
    ) -> httpx.Response:
        """Returns the whole answer to a request whose body or answer is not JSON."""
        shown = {**self._headers(credentials), "Accept": "*/*", **(headers or {})}
        request = self._client.build_request(method, path, content=content, headers=shown, timeout=SLOW)
        return await self._send(request, again=method == "GET")

    async def post_import(
        self, path: str, content: bytes, changes: dict[str, Any], *, credentials: str, key: str = "", dry_run: bool
    ) -> Any:
        """Returns the JSON of a POST of a file with the decisions about its lines. Retries once if that is safe."""
        request = self._client.build_request(
            "POST",
            path,
            params={"dry_run": str(dry_run).lower()},
            files={"file": ("import", content, "application/octet-stream")},
            data={"changes": json.dumps(changes)},
            headers=self._headers(credentials, key or None),
            timeout=IMPORT,
        )
        # Reads the stream, so that a retry sends the same bytes.
        request.read()
        return _json_of(await self._send(request, again=bool(key) or dry_run))

    async def _send(self, request: httpx.Request, *, again: bool) -> httpx.Response:
        try:
            response = await self._client.send(request)
        except (httpx.ConnectError, httpx.ReadError, httpx.RemoteProtocolError) as broken:
            if not again:
                raise ApiUnavailable from broken
            return await self._send(request, again=False)
        except httpx.RequestError as broken:
            raise ApiUnavailable from broken
        if again and response.status_code == httpx.codes.SERVICE_UNAVAILABLE and (pause := _soon(response)):
            await sleep(pause)
            return await self._send(request, again=False)
        raise_for_problem(response)
        return response

    def _headers(self, credentials: str | None, idempotency_key: str | None = None) -> dict[str, str]:
        headers = {"Accept": "application/json", "Accept-Language": self._language}
        if credentials:
            headers["Authorization"] = credentials
        if idempotency_key:
            headers["Idempotency-Key"] = idempotency_key
        return headers


def _soon(response: httpx.Response) -> int:
    """Returns the seconds of Retry-After if a waiting reader can be made to wait so long, else 0."""
    said = response.headers.get("Retry-After", "")
    seconds = int(said) if said.isdecimal() else 0
    return seconds if seconds <= LONGEST_PAUSE_SECONDS else 0


def _json_of(response: httpx.Response) -> Any:
    """Returns the JSON of an answer. Raises ApiUnavailable for anything else: a proxy answered in the API's place."""
    try:
        return response.json()
    except ValueError as unreadable:
        raise ApiUnavailable from unreadable
