"""Deleting sign-in accounts by Keycloak's admin API, as a client that may do nothing else."""

from typing import Annotated
from urllib.parse import quote

import httpx
from opentelemetry.instrumentation.utils import suppress_instrumentation
from pydantic import BaseModel, SecretStr, StringConstraints

TIMEOUT = httpx.Timeout(10.0, connect=3.0)


class NotErased(Exception):
    """Keycloak did not answer, or refused. The message may be logged."""


class _Token(BaseModel):
    access_token: Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]+$")]


class Accounts:
    """The accounts of a realm. `admin_url` is …/admin/realms/<realm>; `client_id` may only delete accounts."""

    def __init__(
        self, admin_url: str, client_id: str, secret: SecretStr, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._accounts_url = f"{admin_url}/users"
        self._token_url = f"{admin_url.replace('/admin/realms/', '/realms/')}/protocol/openid-connect/token"
        self._credentials = (client_id, secret.get_secret_value())
        self._client = httpx.AsyncClient(timeout=TIMEOUT, trust_env=False, transport=transport)

    async def close(self) -> None:
        await self._client.aclose()

    async def erase(self, subject: str) -> None:
        """Deletes the account with its sessions, if it exists. Raises NotErased."""
        try:
            # The account's id stands in the address.
            with suppress_instrumentation():
                headers = {"Authorization": f"Bearer {await self._token()}"}
                answer = await self._client.delete(f"{self._accounts_url}/{quote(subject, safe='')}", headers=headers)
        except httpx.RequestError as error:
            raise NotErased(type(error).__name__) from None
        if answer.status_code not in (204, 404):
            raise NotErased(f"status {answer.status_code}")

    async def _token(self) -> str:
        form = {"grant_type": "client_credentials"}
        answer = await self._client.post(self._token_url, data=form, auth=self._credentials)
        if answer.status_code != 200:
            raise NotErased(f"no token, status {answer.status_code}")
        try:
            return _Token.model_validate_json(answer.content).access_token
        except ValueError:
            raise NotErased("no token, unreadable answer") from None
