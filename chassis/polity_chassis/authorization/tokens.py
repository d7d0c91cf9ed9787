"""Bearer tokens of the realm, verified here whatever the gateway has verified before."""

import asyncio
import logging
import time
from dataclasses import dataclass
from typing import Annotated, Any

import httpx
import jwt
from fastapi import Depends
from starlette.requests import Request

from polity_chassis.web.problems import Problem

logger = logging.getLogger(__name__)

ALGORITHMS = ("RS256", "ES256")
REFRESH_SECONDS = 300.0
"""Age after which the realm's keys are fetched again beside the requests."""
RETRY_SECONDS = 10.0
"""Least time between two fetches, so that invented key ids can't flood the realm."""
LEEWAY_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Caller:
    """The token's `sub` and the client that it was made for."""

    subject: str
    client_id: str


class SigningKeys:
    """The realm's public keys; the known ones stay valid while the realm is unreachable."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched_at = self._tried_at = float("-inf")
        self._lock = asyncio.Lock()
        self._refresh: asyncio.Task[None] | None = None

    async def get(self, kid: str) -> jwt.PyJWK | None:
        """Returns the key, None for one the realm doesn't have; raises Problem (503) when none was ever fetched."""
        if kid not in self._keys:
            await self._fetch()
        elif time.monotonic() - self._fetched_at > REFRESH_SECONDS and (not self._refresh or self._refresh.done()):
            self._refresh = asyncio.create_task(self._fetch())
        if not self._keys:
            raise Problem("sign_in_unavailable", "unavailable", headers={"Retry-After": str(int(RETRY_SECONDS))})
        return self._keys.get(kid)

    async def _fetch(self) -> None:
        async with self._lock:
            if time.monotonic() - self._tried_at < (RETRY_SECONDS if self._keys else 1.0):
                return
            self._tried_at = time.monotonic()
            try:
                async with httpx.AsyncClient(timeout=3, trust_env=False) as client:
                    answer = (await client.get(self._url)).raise_for_status().json()
                self._keys = _usable(answer)
                self._fetched_at = time.monotonic()
            except (httpx.HTTPError, jwt.PyJWTError, ValueError, TypeError, AttributeError) as error:
                logger.warning("the realm's signing keys could not be fetched: %s", type(error).__name__)


def _usable(key_set: Any) -> dict[str, jwt.PyJWK]:
    return {
        str(key.key_id): key
        for key in jwt.PyJWKSet.from_dict(key_set).keys
        if key.public_key_use in (None, "sig") and key.algorithm_name in ALGORITHMS
    }


class Verifier:
    """Checks signature, algorithm, issuer, audience and times of a token."""

    def __init__(self, keys: SigningKeys, *, issuer: str, audience: str) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience

    async def caller(self, token: str) -> Caller:
        """Returns whom the token names; raises Problem (401)."""
        try:
            kid = jwt.get_unverified_header(token).get("kid", "")
            key = await self._keys.get(str(kid))
            if key is None:
                raise _refused()
            claims = jwt.decode(
                token,
                key,
                algorithms=[key.algorithm_name],
                issuer=self._issuer,
                audience=self._audience,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "iat", "iss", "aud", "sub"]},
            )
        except jwt.PyJWTError:
            raise _refused() from None
        return Caller(str(claims["sub"]), str(claims.get("azp") or claims.get("client_id") or ""))


def _refused() -> Problem:
    return Problem("unauthenticated", "unauthenticated", headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})


def credentials(request: Request, scheme: str) -> str | None:
    """Returns what stands behind `scheme` in the one Authorization header, None without it."""
    values = request.headers.getlist("authorization")
    if len(values) != 1:
        return None
    found, _, token = values[0].partition(" ")
    return token.strip() or None if found.lower() == scheme.lower() else None


async def current_caller(request: Request) -> Caller:
    """Returns who calls, checked once per request; raises Problem (401) without a valid token."""
    known: Caller | None = getattr(request.state, "caller", None)
    if known:
        return known
    token = credentials(request, "Bearer")
    if token is None:
        raise Problem("unauthenticated", "unauthenticated", headers={"WWW-Authenticate": "Bearer"})
    verifier: Verifier = request.app.state.verifier
    caller = await verifier.caller(token)
    request.state.caller = caller
    return caller


CallerDep = Annotated[Caller, Depends(current_caller)]
