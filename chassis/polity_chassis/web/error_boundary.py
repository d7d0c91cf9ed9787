"""The outermost middleware: every exception becomes a problem, every request one line of the log."""

import logging
import time

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from polity_chassis.runtime import Runtime
from polity_chassis.web.headers import clean_header
from polity_chassis.web.problem_mapping import problem_of
from polity_chassis.web.problems import Problem, is_known, response_of
from polity_chassis.web.routes import template_of

logger = logging.getLogger("polity.requests")
_EVEN_WITHHELD = ("/health/", "/metrics", "/v1/operations/")


class ErrorBoundary:
    """Turns every exception into a problem and writes one line per request: no query, no values of a path."""

    def __init__(self, app: ASGIApp, runtime: Runtime) -> None:
        self._app, self._runtime = app, runtime

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), 0

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                _guard_headers(scope, message)
                status = message["status"]
            await send(message)

        try:
            if self._runtime.withheld and not scope["path"].startswith(_EVEN_WITHHELD):
                raise Problem("owner_restored", "unavailable", headers={"Retry-After": "60"})
            await self._app(scope, receive, watch)
        except Exception as error:
            known = error if is_known(error) else problem_of(error)
            if known is None:
                logger.error("request failed", exc_info=error)
            if status:
                raise
            await response_of(Request(scope), known or error)(scope, receive, watch)
        finally:
            _log(scope, status, time.perf_counter() - started)


def _guard_headers(scope: Scope, message: Message) -> None:
    """Refuses header values that would begin another header; an answer for one caller is not cached."""
    headers = MutableHeaders(scope=message)
    for value in headers.values():
        clean_header(value)
    if scope.get("state", {}).get("private"):
        headers.setdefault("Cache-Control", "no-store")
    headers.setdefault("X-Content-Type-Options", "nosniff")


def _log(scope: Scope, status: int, seconds: float) -> None:
    route = template_of(scope)
    if route.startswith("/health/") or route == "/metrics":
        return
    extra = {"method": scope["method"], "route": route, "status": status, "milliseconds": round(seconds * 1000, 1)}
    logger.info("request", extra=extra)
