"""Each public fact is kept and becomes a delivery for each subscription that wants it, with its inbox in one commit."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from polity_chassis.ids import new_id
from polity_chassis.messaging.consuming.records import Received
from polity_contracts.envelope import Fact
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_notifications.domain.webhooks import CLOCKS_APART, PUBLIC_FACTS, event, test_event
from polity_notifications.storage.webhooks import fanout

FACTS_TOGETHER = 50
"""How many facts are written at a time: with 400 subscriptions 20,000 deliveries, which the database makes."""


async def ask_for_webhooks(session: AsyncSession, facts: Sequence[Received[Fact]]) -> None:
    """Keeps the public ones of these facts and asks for their deliveries; one that was there asks for nothing again."""
    public = [received for received in facts if received.fact.type in PUBLIC_FACTS]
    await fanout.lock_enabled(session)
    for begin in range(0, len(public), FACTS_TOGETHER):
        messages = [_message(received) for received in public[begin : begin + FACTS_TOGETHER]]
        await fanout.keep(session, messages)
        await fanout.fan_out(session, [message["message_id"] for message in messages], CLOCKS_APART)


async def ask_for_test(session: AsyncSession, webhook_id: UUID, now: datetime) -> UUID:
    """Asks for a delivery that says nothing, for the partner to try its endpoint; returns its id."""
    message_id = new_id()
    body = test_event(message_id, webhook_id, now)
    return await fanout.ask_for_test(session, webhook_id, message_id, body["type"], as_posted(body))


def _message(received: Received[Fact]) -> Mapping[str, Any]:
    body = event(
        received.fact,
        fact_id=received.id,
        key=received.key,
        sequence=received.sequence,
        occurred_at=received.occurred_at,
    )
    return {
        "message_id": received.id,
        "type": received.fact.type,
        "subject": received.key,
        "sequence": received.sequence,
        "networks": body["networks"],
        "body": as_posted(body),
        "traceparent": received.traceparent,
        "occurred_at": received.occurred_at,
    }


def as_posted(body: Mapping[str, Any]) -> str:
    """Returns the JSON whose bytes are signed and posted."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))
