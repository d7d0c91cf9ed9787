"""Standard Webhooks 1.0, scheme v1: HMAC-SHA256 over id, timestamp and body. Secrets are derived and stored nowhere."""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from uuid import UUID

PREFIX = "whsec_"


def derive(master: bytes, webhook_id: UUID, generation: int) -> bytes:
    """Returns the 32 bytes that sign for one generation of a subscription's secret."""
    return hmac.digest(master, f"webhook\0{webhook_id}\0{generation}".encode(), hashlib.sha256)


def shown(secret: bytes) -> str:
    """Returns the secret as its owner is told it, once."""
    return PREFIX + base64.b64encode(secret).decode()


def signature(secrets: Sequence[bytes], message_id: str, timestamp: int, body: bytes) -> str:
    """Returns the header `webhook-signature`: one signature per secret; `timestamp` is in seconds since 1970."""
    signed = b".".join((message_id.encode(), str(timestamp).encode(), body))
    return " ".join(
        f"v1,{base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode()}" for secret in secrets
    )
