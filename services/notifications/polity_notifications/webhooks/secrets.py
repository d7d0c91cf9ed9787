"""Which secrets a subscription has just now, and the headers that they sign."""

import json
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

from polity_chassis.authorization.links import LinkKeys
from polity_chassis.web.headers import clean_header

from polity_notifications.domain.signing import derive, signature
from polity_notifications.domain.webhooks import CONTENT_TYPE
from polity_notifications.storage.webhooks.queue import Post

_derived = lru_cache(maxsize=4096)(derive)


def headers(post: Post, keys: LinkKeys, now: datetime) -> dict[str, str]:
    """Returns the headers of Standard Webhooks 1.0; raises KeyError when the settings lack the key.

    While a secret is being replaced, those before sign too: a receiver may check with any of them.
    """
    secrets = [_derived(keys.root[post.key_id], post.webhook_id, post.generation)]
    if post.previous_until and now < post.previous_until and post.previous_key_id in keys.root:
        secrets.append(_derived(keys.root[post.previous_key_id], post.webhook_id, post.generation - 1))
    for one in json.loads(post.earlier_secrets):
        if now < datetime.fromisoformat(one["until"]) and one["key_id"] in keys.root:
            secrets.append(_derived(keys.root[one["key_id"]], post.webhook_id, one["generation"]))
    return signed_headers(secrets, str(post.message_id), post.body, now)


def signed_headers(secrets: Sequence[bytes], message_id: str, body: str, now: datetime) -> dict[str, str]:
    """Returns the headers of a message that each of the secrets signs."""
    timestamp = int(now.timestamp())
    made = {
        "content-type": CONTENT_TYPE,
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(secrets, message_id, timestamp, body.encode()),
    }
    return {name: clean_header(value) for name, value in made.items()}
