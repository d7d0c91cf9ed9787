"""A caller of the platform's HTTP API, as a partner would write one: tokens, problems, pages."""

from collections.abc import AsyncIterator
from typing import Any

import httpx


class Refused(RuntimeError):
    """The API answered with a problem."""

    def __init__(self, response: httpx.Response) -> None:
        super().__init__(f"{response.request.method} {response.url.path}: {response.status_code} {response.text[:500]}")
        self.status = response.status_code


async def sign_in(http: httpx.AsyncClient, public_url: str, user: str, password: str) -> dict[str, str]:
    """Returns the headers that let `user` call the API (the test client's direct grant); raises Refused."""
    response = await http.post(
        f"{public_url}/auth/realms/polity/protocol/openid-connect/token",
        data={"grant_type": "password", "client_id": "polity-test", "username": user, "password": password},
    )
    return {"Authorization": f"Bearer {checked(response)['access_token']}"}


def checked(response: httpx.Response) -> Any:
    """Returns the answer's JSON (None when there is no body); raises Refused for a status of 400 or more."""
    if response.status_code >= 400:
        raise Refused(response)
    return response.json() if response.content else None


async def all_items(
    http: httpx.AsyncClient, path: str, headers: dict[str, str], **chosen: str
) -> AsyncIterator[dict[str, Any]]:
    """Yields every item of a list, page by page; `chosen` are the list's filters."""
    cursor: str | None = None
    while True:
        parameters = {**chosen, "limit": "200", **({"cursor": cursor} if cursor else {})}
        page = checked(await http.get(path, params=parameters, headers=headers))
        for item in page["items"]:
            yield item
        cursor = page["next"]
        if cursor is None:
            return
