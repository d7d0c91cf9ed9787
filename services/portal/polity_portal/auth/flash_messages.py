"""Messages that a page shows once after a form, kept in a cookie that is sealed with the session's secret."""

from typing import Any
from urllib.parse import urlsplit

from fastapi import Request, Response

from polity_portal.auth.sealing import seal, unseal

PURPOSE = "notice"
SECONDS = 300
"""The lifetime of the cookie, in seconds."""


def seal_flash(secret: str, address: str, content: dict[str, Any]) -> str:
    """Returns the cookie's value: the content, for the page at the address and the session of the secret alone."""
    return seal(secret, {"at": urlsplit(address).path, "told": content}).decode()


def flash_in(request: Request, name: str, secret: str) -> dict[str, Any]:
    """Returns the content for this page; empty if there is no cookie, or it is of another page or session."""
    found = unseal(secret, request.cookies.get(name, "").encode())
    return dict(found["told"]) if found and found["at"] == request.url.path else {}


def delete_flash(response: Response, name: str, *, secure: bool) -> None:
    """Deletes the cookie once the message was shown."""
    response.delete_cookie(name, path="/", httponly=True, secure=secure, samesite="lax")
