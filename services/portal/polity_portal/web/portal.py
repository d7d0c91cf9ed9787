"""What the pages share while the process runs: the API, the realm, sessions and the portal's own files."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, FastAPI, Request
from opentelemetry.instrumentation.utils import suppress_instrumentation
from polity_chassis.authorization.tokens import SigningKeys
from polity_chassis.clock import Clock
from polity_chassis.database.errors import describe

from polity_portal.auth.identity import Identity
from polity_portal.auth.sessions import Sessions, Uploads
from polity_portal.client.api import Api, client_for
from polity_portal.client.local_government_names import LocalGovernmentNames
from polity_portal.client.openapi import platform_document
from polity_portal.settings import PortalSettings

CLEAN_UP_SECONDS = 600

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Portal:
    """One per process."""

    settings: PortalSettings
    clock: Clock
    api: Api
    identity: Identity
    sessions: Sessions
    uploads: Uploads
    local_government_names: LocalGovernmentNames


@asynccontextmanager
async def open_portal(app: FastAPI) -> AsyncIterator[None]:
    """The portal for as long as the application runs; its place is `app.state.portal`."""
    runtime = app.state.runtime
    settings = cast(PortalSettings, runtime.settings)
    identity = Identity(settings, SigningKeys(settings.jwks_url))
    api = Api(client_for(settings.api_url))
    app.state.portal = Portal(
        settings,
        runtime.clock,
        api,
        identity,
        Sessions(runtime.database, identity, settings),
        Uploads(runtime.database),
        LocalGovernmentNames(),
    )
    # FastAPI answers /openapi.json with this: the portal's own routes are pages, the document is the platform's.
    app.openapi_schema = platform_document()
    cleaner = asyncio.create_task(_clean_up(app))
    try:
        yield
    finally:
        cleaner.cancel()
        await api.close()
        await identity.close()


async def _clean_up(app: FastAPI) -> None:
    """Removes what is over, until cancelled, with or without a database."""
    while True:
        portal: Portal = app.state.portal
        try:
            with suppress_instrumentation():
                while await portal.sessions.forget_over(portal.clock()):
                    pass
        except Exception as error:
            log.warning("sessions that are over wait: %s", describe(error, personal=True))
        await asyncio.sleep(CLEAN_UP_SECONDS)


def portal_of(request: Request) -> Portal:
    return cast(Portal, request.app.state.portal)


PortalDep = Annotated[Portal, Depends(portal_of)]
