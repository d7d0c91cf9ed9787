"""Public data can be read by pages of any origin, by HEAD, and with an ETag that saves sending the body again."""

import hashlib

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from polity_chassis.web.etag import matches
from polity_chassis.web.routes import READS, Paths

ANY_ORIGIN = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Content-Disposition, ETag, Link, Retry-After",
}
"""Without credentials: what a page of another origin reads is what anybody reads."""
PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, HEAD, OPTIONS",
    "Access-Control-Allow-Headers": "*",
    "Access-Control-Max-Age": "86400",
}
REVALIDATED = "public, no-cache"


class PublicData:
    """Answers HEAD and OPTIONS where anyone may GET, refusals included; an answer without an ETag gets one."""

    def __init__(self, app: ASGIApp, paths: Paths) -> None:
        self._app = app
        self._paths = paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in READS or not self._paths.is_public_data(scope["path"]):
            await self._app(scope, receive, send)
        elif scope["method"] == "OPTIONS":
            allow = {"Allow": ", ".join(self._paths.methods_at(scope["path"]))}
            await Response(status_code=204, headers={**allow, **ANY_ORIGIN, **PREFLIGHT})(scope, receive, send)
        else:
            await self._app({**scope, "method": "GET"}, receive, _Answer(scope, send).send)


class _Answer:
    """One answer on its way, held until its body is whole."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._send = send
        self._with_body = scope["method"] != "HEAD"
        self._held_tags = Headers(scope=scope).get("if-none-match", "")
        self._start: Message | None = None
        self._body = b""

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.update(ANY_ORIGIN)
            if message["status"] == 200:
                self._start = message
            else:
                await self._send(message)
        elif self._start is None:
            await self._send(message if self._with_body else {**message, "body": b""})
        else:
            self._body += message.get("body", b"")
            if not message.get("more_body"):
                await self._send_with_tag(self._start)

    async def _send_with_tag(self, start: Message) -> None:
        headers = MutableHeaders(scope=start)
        # Weak: the gateway may compress it.
        headers.setdefault("ETag", f'W/"{hashlib.sha256(self._body).hexdigest()[:32]}"')
        headers.setdefault("Cache-Control", REVALIDATED)
        if matches(self._held_tags, headers["ETag"]):
            for name in ("Content-Length", "Content-Type"):
                del headers[name]
            await self._send({**start, "status": 304})
            await self._send({"type": "http.response.body", "body": b""})
        else:
            await self._send(start)
            await self._send({"type": "http.response.body", "body": self._body if self._with_body else b""})
