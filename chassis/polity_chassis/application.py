"""The HTTP side of a service: one application with guarded routes, problems, traces and a request log."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from polity_chassis.authorization import mandate_projection
from polity_chassis.authorization.access import LINK, PUBLIC, READS, LinkDep, routes_with_rules, template_of
from polity_chassis.authorization.tokens import CallerDep, SigningKeys, Verifier
from polity_chassis.database.engine import Database
from polity_chassis.messaging.consuming.parked_messages import empty_discards
from polity_chassis.observability import tracing
from polity_chassis.operations.orphans import watch_orphans
from polity_chassis.runtime import Runtime, Service
from polity_chassis.web import health
from polity_chassis.web.headers import clean_header
from polity_chassis.web.idempotency import IdempotencyDep, forget_old
from polity_chassis.web.openapi import complete
from polity_chassis.web.pagination import PageDep
from polity_chassis.web.problem_mapping import problem_of
from polity_chassis.web.problems import Problem, is_known, on_http_exception, on_invalid_request, response_of
from polity_chassis.web.public_data import PublicData
from polity_chassis.web.routes import paths_of, query_parameters

__all__ = [
    "CallerDep", "DatabaseDep", "IdempotencyDep", "LinkDep", "NowDep", "PageDep", "RuntimeDep", "clean_header",
    "create_app",
]  # fmt: skip

logger = logging.getLogger("polity.requests")
_EVEN_WITHHELD = ("/health/", "/metrics", "/v1/operations/")
CLEAN_UP_SECONDS = 3600


def create_app(service: Service, runtime: Runtime) -> FastAPI:
    """Returns the service's application; raises Unguarded when a route declares no access rule."""
    app = FastAPI(
        title=f"Polity {service.name}",
        version="1",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
        lifespan=_lifespan,
        telemetry=tracing.HTTP,
        exception_handlers={RequestValidationError: on_invalid_request, HTTPException: on_http_exception},
    )
    _install(app, service, runtime)
    app.include_router(health.router, dependencies=[Depends(PUBLIC)])
    for router in service.routers:
        app.include_router(router)
    rules = [rule for _, _, rule in routes_with_rules(app)]
    if LINK in rules and app.state.verify_link is None:
        raise ValueError(f"{service.name} has routes for links but nothing to verify links with")
    app.state.paths, app.state.query_parameters = paths_of(app), query_parameters(app)
    app.add_middleware(Outermost, runtime=runtime)
    app.add_middleware(PublicData, paths=app.state.paths)
    complete(app)
    return app


def _install(app: FastAPI, service: Service, runtime: Runtime) -> None:
    settings = runtime.settings
    app.state.runtime = runtime
    app.state.verifier = Verifier(SigningKeys(settings.jwks_url), issuer=settings.issuer, audience=settings.audience)
    app.state.holds = service.holds or mandate_projection.holds
    app.state.check_fresh = None if service.holds else mandate_projection.check_fresh(service.name)
    app.state.verify_link = service.verify_link

    def upkeep() -> Iterator[Coroutine[Any, Any, None]]:
        yield _clean_up(runtime.database)
        if service.aggregates:
            yield watch_orphans(runtime)

    app.state.upkeep = upkeep


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(task) for task in app.state.upkeep()]
    yield
    for task in tasks:
        task.cancel()


async def _clean_up(database: Database) -> None:
    while True:
        try:
            async with database.transaction() as session:
                await forget_old(session)
                await empty_discards(session)
        except Exception as error:
            logger.warning("what is old could not be removed: %s", type(error).__name__)
        await asyncio.sleep(CLEAN_UP_SECONDS)


class Outermost:
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
    """Refuses header values that would begin another header; what is for one caller is kept by no cache."""
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


# Dependencies are coroutines even where they wait for nothing: FastAPI would run each in a thread.
async def _runtime(request: Request) -> Runtime:
    runtime: Runtime = request.app.state.runtime
    return runtime


async def _database(request: Request) -> Database:
    database: Database = request.app.state.runtime.database
    return database.reading if request.method in READS else database


async def _now(request: Request) -> datetime:
    now: datetime = request.app.state.runtime.clock()
    return now


RuntimeDep = Annotated[Runtime, Depends(_runtime)]
DatabaseDep = Annotated[Database, Depends(_database)]
NowDep = Annotated[datetime, Depends(_now)]
