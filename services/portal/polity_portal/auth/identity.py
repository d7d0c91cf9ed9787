"""Signing people in with OpenID Connect: authorisation code with PKCE at the realm (RFC 6749, 7636, OIDC core)."""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlencode

import httpx
import jwt
from polity_chassis.authorization.tokens import ALGORITHMS, LEEWAY_SECONDS, SigningKeys
from polity_chassis.web.problems import Problem
from pydantic import BaseModel, StringConstraints

from polity_portal.auth.sealing import derive
from polity_portal.settings import PortalSettings
from polity_portal.web.errors import IdentityUnavailable, SignInRefused

ENDPOINTS = "/protocol/openid-connect"
TIMEOUT = httpx.Timeout(10.0, connect=2.0)


@dataclass(frozen=True)
class Grant:
    """Tokens of one person; `expires_at` is the access token's end, in UTC seconds."""

    subject: str
    name: str
    access_token: str
    refresh_token: str
    expires_at: float


class Identity:
    """The OpenID Connect client of the realm. `now` comes from the caller's clock."""

    def __init__(
        self, settings: PortalSettings, keys: SigningKeys, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._settings = settings
        self._keys = keys
        secret = settings.oidc_client_secret.get_secret_value()
        self._client = httpx.AsyncClient(
            base_url=settings.oidc_internal_url + ENDPOINTS,
            auth=(settings.oidc_client_id, secret),
            timeout=TIMEOUT,
            trust_env=False,
            transport=transport,
        )

    async def close(self) -> None:
        await self._client.aclose()

    @property
    def redirect_uri(self) -> str:
        return f"{self._settings.public_url}/sign-in/callback"

    def authorization_url(self, secret: str, language: str) -> str:
        """Returns the realm's sign-in page. State, nonce and PKCE verifier are derived from the browser's secret."""
        fields = {
            "response_type": "code",
            "client_id": self._settings.oidc_client_id,
            "redirect_uri": self.redirect_uri,
            "scope": "openid profile",
            "state": derive(secret, "state"),
            "nonce": derive(secret, "nonce"),
            "code_challenge": _challenge(derive(secret, "verifier")),
            "code_challenge_method": "S256",
            "ui_locales": language,
        }
        return f"{self._settings.issuer}{ENDPOINTS}/auth?{urlencode(fields)}"

    async def exchange(self, secret: str, code: str, state: str, now: datetime) -> Grant:
        """Returns the tokens for the code that the browser with this secret brought back.

        Raises SignInRefused, also if state or nonce belong to another browser, and IdentityUnavailable.
        """
        if not hmac.compare_digest(state.encode(), derive(secret, "state").encode()):
            raise SignInRefused
        tokens = await self._tokens(
            grant_type="authorization_code",
            code=code,
            code_verifier=derive(secret, "verifier"),
            redirect_uri=self.redirect_uri,
        )
        claims = await self._verified(tokens.id_token)
        if claims.get("nonce") != derive(secret, "nonce"):
            raise SignInRefused
        return _grant(tokens, claims["sub"], claims.get("name") or claims.get("preferred_username") or "", now)

    async def refresh(self, grant: Grant, now: datetime) -> Grant:
        """Returns a grant with a new access token. Raises SignInRefused if the realm has ended the session."""
        tokens = await self._tokens(grant_type="refresh_token", refresh_token=grant.refresh_token)
        return _grant(tokens, grant.subject, grant.name, now)

    async def end(self, grant: Grant) -> None:
        """Ends the realm's session by a request of the portal: no token is in a URL. Raises IdentityUnavailable."""
        response = await self._post("/logout", refresh_token=grant.refresh_token)
        if response.status_code >= 500:
            raise IdentityUnavailable

    async def _tokens(self, **fields: str) -> "_Tokens":
        response = await self._post("/token", **fields)
        if response.status_code >= 500:
            raise IdentityUnavailable
        if response.status_code != 200:
            raise SignInRefused
        try:
            return _Tokens.model_validate_json(response.content)
        except ValueError as unreadable:
            raise IdentityUnavailable from unreadable

    async def _post(self, path: str, **fields: str) -> httpx.Response:
        try:
            return await self._client.post(path, data=fields)
        except httpx.RequestError as broken:
            raise IdentityUnavailable from broken

    async def _verified(self, id_token: str) -> dict[str, Any]:
        try:
            key = await self._keys.get(str(jwt.get_unverified_header(id_token).get("kid", "")))
            if key is None:
                raise SignInRefused
            claims: dict[str, Any] = jwt.decode(
                id_token,
                key,
                algorithms=ALGORITHMS,
                audience=self._settings.oidc_client_id,
                issuer=self._settings.issuer,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "iat", "iss", "aud", "sub", "nonce"]},
            )
        except jwt.PyJWTError as refused:
            raise SignInRefused from refused
        except Problem as unreachable:
            raise IdentityUnavailable from unreachable
        return claims


def _challenge(verifier: str) -> str:
    """The S256 code challenge of RFC 7636, 4.2."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


class _Tokens(BaseModel):
    """The realm's answer (RFC 6749, 5.1); `id_token` comes with a code alone."""

    access_token: Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]+$")]
    refresh_token: str
    expires_in: float
    id_token: str = ""


def _grant(tokens: _Tokens, subject: str, name: str, now: datetime) -> Grant:
    return Grant(
        subject=subject,
        name=name,
        access_token=tokens.access_token,
        refresh_token=tokens.refresh_token,
        expires_at=now.timestamp() + tokens.expires_in,
    )
