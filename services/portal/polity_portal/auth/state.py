"""What signing in needs while the process runs: the realm, the sessions and their uploads."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, FastAPI, Request
from opentelemetry.instrumentation.utils import suppress_instrumentation
from polity_chassis.authorization.tokens import SigningKeys
from polity_chassis.database.errors import describe

from polity_portal.auth.identity import Identity
from polity_portal.auth.sessions import Sessions
from polity_portal.auth.uploads import Uploads
from polity_portal.settings import PortalSettings

CLEAN_UP_SECONDS = 600

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class AuthState:
    """One per process."""

    identity: Identity
    sessions: Sessions
    uploads: Uploads


@asynccontextmanager
async def open_auth(app: FastAPI) -> AsyncIterator[None]:
    """Keeps an AuthState in `app.state.auth` while the application runs, and removes sessions that are over."""
    runtime = app.state.runtime
    settings = cast(PortalSettings, runtime.settings)
    identity = Identity(settings, SigningKeys(settings.jwks_url))
    sessions = Sessions(runtime.database, identity, settings)
    app.state.auth = AuthState(identity, sessions, Uploads(runtime.database))
    cleaner = asyncio.create_task(_remove_ended_sessions(app))
    try:
        yield
    finally:
        cleaner.cancel()
        await identity.close()


async def _remove_ended_sessions(app: FastAPI) -> None:
    """Removes sessions that are over every CLEAN_UP_SECONDS, until cancelled. A failure is logged and tried again."""
    while True:
        try:
            with suppress_instrumentation():
                while await app.state.auth.sessions.remove_ended(app.state.runtime.clock()):
                    pass
        except Exception as error:
            log.warning("sessions that are over were not removed: %s", describe(error, personal=True))
        await asyncio.sleep(CLEAN_UP_SECONDS)


def auth_of(request: Request) -> AuthState:
    return cast(AuthState, request.app.state.auth)


AuthDep = Annotated[AuthState, Depends(auth_of)]
