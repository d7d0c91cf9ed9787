"""The HTTP application of a service: guarded routes, problems, traces and a request log."""

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import Depends, FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from polity_chassis.authorization import mandate_projection
from polity_chassis.authorization.access import LINK, PUBLIC
from polity_chassis.authorization.guarded_routes import paths_of, routes_with_rules
from polity_chassis.authorization.tokens import SigningKeys, Verifier
from polity_chassis.database.engine import Database
from polity_chassis.messaging.consuming.parked_messages import empty_discards
from polity_chassis.observability import tracing
from polity_chassis.operations.orphans import watch_orphans
from polity_chassis.runtime import Runtime
from polity_chassis.service import Service
from polity_chassis.web import health
from polity_chassis.web.error_boundary import ErrorBoundary
from polity_chassis.web.idempotency import forget_old
from polity_chassis.web.openapi import complete
from polity_chassis.web.problems import on_http_exception, on_invalid_request
from polity_chassis.web.public_data import PublicData
from polity_chassis.web.routes import query_parameters

logger = logging.getLogger("polity.requests")
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
    app.add_middleware(ErrorBoundary, runtime=runtime)
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
    app.state.publishes = bool(service.aggregates)

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
