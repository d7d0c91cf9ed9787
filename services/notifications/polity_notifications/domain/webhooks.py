"""Which facts partner systems may have, in which form, and when a delivery that failed is tried again."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from polity_contracts.envelope import Fact, Visibility
from polity_contracts.facts import FACTS
from polity_contracts.topics import TOPICS

PUBLIC_FACTS: dict[str, type[Fact]] = {
    name: fact for name, fact in FACTS.items() if fact.visibility is Visibility.PUBLIC and not fact.tombstone
}
"""By their wire names: the facts that any partner may have."""
PUBLIC_TOPICS = tuple(topic for topic in TOPICS if any(fact.topic == topic for fact in PUBLIC_FACTS.values()))
CONTENT_TYPE = "application/cloudevents+json"
"""By which a CloudEvents library knows an event. Source: CloudEvents 1.0.2, HTTP protocol binding, 3.2."""
SEQUENCE_DIGITS = 19
"""As many as the largest number has, so that the order of the text is that of the numbers.

Source: CloudEvents, extension "sequence": its values are compared as text.
"""
WITHHELD = frozenset({"contact_id", "invitation_id", "answer_step"})
"""Members of public facts that lead to a person, or tell how often an invitation was answered before."""
TEST_TYPE = "polity.webhook_test"
POSTED_TYPES = frozenset({*PUBLIC_FACTS, TEST_TYPE})
"""A subscription, and its log, may name others: types that were public once."""

RETRIES = (
    timedelta(seconds=5), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2), timedelta(hours=5),
    timedelta(hours=10), timedelta(hours=10),
)  # fmt: skip
"""After the first try at once: the waits before each further one."""
JITTER = 0.2
"""The part of a wait by which it is lengthened at most, so that what failed together isn't tried again together."""
FAILING_FOR_GOOD = timedelta(days=5)
"""An endpoint that was tried for so long and took nothing is disabled."""
SILENCE = RETRIES[-1] * (1 + JITTER) + timedelta(hours=1)
"""Longer than the longest wait between two tries: whatever lies between them then doesn't count as failing."""
MOST_HELD = timedelta(hours=6)
"""How long an endpoint may ask us to wait at most (Retry-After): shorter than SILENCE."""
OURS = frozenset({"key_missing", "internal"})
"""Reasons of attempts that failed by a fault of ours: no try of the endpoint's is used up."""
OURS_AGAIN = timedelta(minutes=30)
OVERLAP = timedelta(days=1)
"""How long the secret before the newest still signs."""
MOST_PER_OWNER = 20
CLOCKS_APART = timedelta(minutes=2)
"""By how much the clock of whoever publishes a fact and that of our database may differ: what happened up to so long
before a subscription began is taken for what happened since."""
KEPT = timedelta(days=90)
"""How long what has ended is kept, and public facts, for whoever asks for what they missed."""
MOST_RESENT = 10_000
"""How many deliveries one call asks for again."""


class Status(StrEnum):
    PENDING = "pending"
    DELIVERED = "delivered"
    EXHAUSTED = "exhausted"
    CANCELLED = "cancelled"


class Disabled(StrEnum):
    GONE = "gone"
    """The endpoint answered 410."""
    FAILING = "failing"
    """The endpoint was tried for FAILING_FOR_GOOD and took nothing."""


class TooManyWebhooks(Exception):
    slug: ClassVar[str] = "too_many_webhooks"
    category: ClassVar[str] = "conflict"


class TypeNotPublic(Exception):
    """The delivery is of a fact that was public when it was asked for, and is no longer."""

    slug: ClassVar[str] = "webhook_type_not_public"
    category: ClassVar[str] = "conflict"


class WebhookDisabled(Exception):
    slug: ClassVar[str] = "webhook_disabled"
    category: ClassVar[str] = "conflict"


def retry_after(tries: int, chance: float) -> timedelta | None:
    """Returns the wait after that many tries, None after the last; `chance` in [0, 1) chooses the jitter."""
    if tries > len(RETRIES):
        return None
    return RETRIES[tries - 1] * (1 + JITTER * chance)


def asked_wait(retry_after: str | None, now: datetime) -> timedelta | None:
    """Returns how long the endpoint asks to be left alone, MOST_HELD at most; None if it doesn't, or not clearly.

    Source: RFC 9110, 10.2.3, "Retry-After": seconds, or a date.
    """
    if retry_after is None:
        return None
    if re.fullmatch("[0-9]{1,9}", retry_after.strip()):
        return min(timedelta(seconds=int(retry_after)), MOST_HELD)
    try:
        at = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    wait = (at if at.tzinfo else at.replace(tzinfo=UTC)) - now
    return min(max(wait, timedelta()), MOST_HELD)


def event(fact: Fact, *, fact_id: UUID, key: str, sequence: int, occurred_at: datetime) -> dict[str, Any]:
    """Returns the fact as a partner gets it: type, timestamp and data of Standard Webhooks in a CloudEvent (JSON).

    Sources: Standard Webhooks 1.0, "Payload structure"; CloudEvents 1.0.2, JSON format.
    """
    time = occurred_at.isoformat().replace("+00:00", "Z")
    return {
        "specversion": "1.0",
        "id": str(fact_id),
        "source": f"/{TOPICS[fact.topic].owner}",
        "type": fact.type,
        "subject": key,
        "time": time,
        "datacontenttype": "application/json",
        "dataschema": f"urn:polity:{fact.type}:{fact.version}",
        "sequence": f"{sequence:0{SEQUENCE_DIGITS}}",
        "networks": ",".join(str(network) for network in fact.networks()),
        "timestamp": time,
        "data": fact.model_dump(mode="json", exclude=set(WITHHELD)),
    }


def test_event(event_id: UUID, webhook_id: UUID, at: datetime) -> dict[str, Any]:
    """Returns what a partner gets who asks for a try: the same form, and data that says nothing."""
    time = at.isoformat().replace("+00:00", "Z")
    return {
        "specversion": "1.0",
        "id": str(event_id),
        "source": "/notifications",
        "type": TEST_TYPE,
        "subject": str(webhook_id),
        "time": time,
        "datacontenttype": "application/json",
        "timestamp": time,
        "data": {"webhook_id": str(webhook_id)},
    }
