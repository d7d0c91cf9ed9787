"""Keys of a session, all derived from the random value in its cookie, which the database does not hold."""

import base64
import hashlib
import hmac
import json
import secrets
from typing import Any

from cryptography.fernet import Fernet, InvalidToken


def new_secret() -> str:
    """Returns 256 random bits, URL-safe, for a cookie."""
    return secrets.token_urlsafe(32)


def fingerprint(secret: str) -> bytes:
    """Returns the SHA-256 of the secret, by which a session is found."""
    return hashlib.sha256(secret.encode()).digest()


def derive(secret: str, purpose: str) -> str:
    """Returns 43 URL-safe characters derived from secret and purpose (HMAC-SHA-256), which do not reveal the secret."""
    digest = hmac.digest(secret.encode(), purpose.encode(), "sha256")
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _cipher(secret: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(hmac.digest(secret.encode(), b"seal", "sha256")))


def seal(secret: str, content: dict[str, Any]) -> bytes:
    return _cipher(secret).encrypt(json.dumps(content).encode())


def unseal(secret: str, sealed: bytes) -> dict[str, Any] | None:
    """Returns the content; None if it was sealed with another secret, or altered."""
    try:
        content: dict[str, Any] = json.loads(_cipher(secret).decrypt(sealed))
    except (InvalidToken, ValueError):
        return None
    return content
