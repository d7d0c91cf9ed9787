"""Each public fact becomes one delivery per subscription that wants it, in the transaction of its inbox."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from polity_chassis.consumer import Received
from polity_chassis.ids import new_id
from polity_contracts.envelope import Fact
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_notifications.domain.webhooks import Status, Wish, event, test_event
from polity_notifications.storage import webhook_queue, webhooks


async def ask_for_webhooks(session: AsyncSession, facts: Sequence[Received[Fact]], now: datetime) -> None:
    """Asks for the deliveries of these facts; a fact that was there before asks for nothing again."""
    wishes = await webhooks.wishes(session)
    messages, deliveries = [], []
    for received in facts:
        audience = [wish for wish in wishes if wish.includes(received.fact, received.occurred_at)]
        if audience:
            messages.append(_message(received))
            deliveries += [_delivery(received, wish, now) for wish in audience]
    await webhook_queue.add(session, messages, deliveries)


async def ask_for_test(session: AsyncSession, webhook_id: UUID, now: datetime) -> UUID:
    """Asks for a delivery that says nothing, for the partner to try its endpoint; returns its id."""
    message_id = new_id()
    body = test_event(message_id, webhook_id, now)
    message = {"message_id": message_id, "type": body["type"], "body": _json(body), "traceparent": None}
    delivery = _row(message_id, webhook_id, str(webhook_id), 0, now)
    await webhook_queue.add(session, [message], [delivery])
    found: UUID = delivery["delivery_id"]
    return found


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
        "body": _json(body),
        "traceparent": received.traceparent,
    }


def _delivery(received: Received[Fact], wish: Wish, now: datetime) -> Mapping[str, Any]:
    return _row(received.id, wish.webhook_id, received.key, received.sequence, now)


def _row(message_id: UUID, webhook_id: UUID, subject: str, sequence: int, now: datetime) -> dict[str, Any]:
    return {
        "delivery_id": uuid5(webhook_id, str(message_id)),
        "webhook_id": webhook_id,
        "message_id": message_id,
        "subject": subject,
        "sequence": sequence,
        "status": Status.PENDING.value,
        "due_at": now,
        "asked_at": now,
    }


def _json(body: Mapping[str, Any]) -> str:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))
