"""What the pages share while the process runs: settings, the clock and the API."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, FastAPI, Request
from polity_chassis.clock import Clock

from polity_portal.client.api import Api, client_for
from polity_portal.client.local_government_names import LocalGovernmentNames
from polity_portal.client.openapi import platform_document
from polity_portal.settings import PortalSettings


@dataclass(frozen=True)
class Portal:
    """One per process."""

    settings: PortalSettings
    clock: Clock
    api: Api
    local_government_names: LocalGovernmentNames


@asynccontextmanager
async def open_portal(app: FastAPI) -> AsyncIterator[None]:
    """Keeps a Portal in `app.state.portal` for as long as the application runs."""
    runtime = app.state.runtime
    settings = cast(PortalSettings, runtime.settings)
    api = Api(client_for(settings.api_url))
    app.state.portal = Portal(settings, runtime.clock, api, LocalGovernmentNames())
    # FastAPI answers /openapi.json with this: the portal's own routes are pages, the document is the platform's.
    app.openapi_schema = platform_document()
    try:
        yield
    finally:
        await api.close()


def portal_of(request: Request) -> Portal:
    return cast(Portal, request.app.state.portal)


PortalDep = Annotated[Portal, Depends(portal_of)]
