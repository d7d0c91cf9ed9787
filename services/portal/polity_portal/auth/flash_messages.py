"""What a form has done, told once by the page it leads to: in a cookie sealed for the session, not in the address."""

from typing import Any
from urllib.parse import urlsplit

from fastapi import Request, Response

from polity_portal.auth.sealing import seal, unseal

PURPOSE = "notice"
SECONDS = 300
"""How long a page may take to come; what was not told by then is not told any more."""


def seal_flash(secret: str, address: str, content: dict[str, Any]) -> str:
    """The cookie's value: what the page at the address is to tell, for whoever has the session's secret."""
    return seal(secret, {"at": urlsplit(address).path, "told": content}).decode()


def flash_in(request: Request, name: str, secret: str) -> dict[str, Any]:
    """What this very page is to tell; nothing when there is no such cookie, or it is of another page or session."""
    found = unseal(secret, request.cookies.get(name, "").encode())
    return dict(found["told"]) if found and found["at"] == request.url.path else {}


def delete_flash(response: Response, name: str, *, secure: bool) -> None:
    """Takes the cookie away: it was told."""
    response.delete_cookie(name, path="/", httponly=True, secure=secure, samesite="lax")
