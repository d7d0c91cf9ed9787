"""Signed links in mails: a token that proves id and generation by an HMAC, derived when needed and stored nowhere."""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from pydantic import Base64Bytes, Field, RootModel, StringConstraints

KeyId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,32}$")]
Secret = Annotated[Base64Bytes, Field(min_length=32)]

_TOKEN = re.compile(r"([A-Za-z0-9_-]{1,32})\.([A-Za-z0-9_-]{22})\.(0|[1-9][0-9]{0,8})\.([A-Za-z0-9_-]{43})")


class LinkKeys(RootModel[Annotated[dict[KeyId, Secret], Field(min_length=1)]]):
    """Secrets of one purpose by key id, of at least 32 bytes each; the first signs, all verify."""

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        return [(key_id, "***") for key_id in self.root]


class BadLink(Exception):
    """The token was not made by us for this purpose. Nothing more is said: a stranger learns nothing."""

    slug = "link_unknown"
    category = "not_found"


@dataclass(frozen=True, slots=True)
class VerifiedLink:
    """What a genuine token says; whether its generation is still valid is the owner's to decide."""

    id: UUID
    generation: int


def sign(keys: LinkKeys, purpose: str, id: UUID, generation: int) -> str:  # noqa: A002
    """Returns the token `<key id>.<id>.<generation>.<mac>`, safe in a path."""
    key_id, secret = next(iter(keys.root.items()))
    return f"{key_id}.{_text(id.bytes)}.{generation}.{_text(_mac(secret, purpose, id, generation))}"


def verify(keys: LinkKeys, purpose: str, token: str) -> VerifiedLink:
    """Returns what the token proves, compared in constant time; raises BadLink."""
    match = _TOKEN.fullmatch(token)
    if not match or match[1] not in keys.root:
        raise BadLink
    id, generation = UUID(bytes=_bytes(match[2])), int(match[3])  # noqa: A001
    if _text(id.bytes) != match[2]:
        raise BadLink
    expected = _text(_mac(keys.root[match[1]], purpose, id, generation))
    if not hmac.compare_digest(expected, match[4]):
        raise BadLink
    return VerifiedLink(id, generation)


def _mac(secret: bytes, purpose: str, id: UUID, generation: int) -> bytes:  # noqa: A002
    return hmac.digest(secret, f"{purpose}\0{id}\0{generation}".encode(), hashlib.sha256)


def _text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
