"""Every public fact, for the partner systems that subscribed to it."""

from collections.abc import Sequence
from typing import Any

from polity_chassis.messaging.consuming.records import Consumer, Received
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_notifications.domain.webhooks import PUBLIC_FACTS, PUBLIC_TOPICS
from polity_notifications.usecases.ask_for_webhooks import FACTS_TOGETHER, ask_for_webhooks


def webhook_consumer() -> Consumer:
    """Returns the consumer of the public topics, apart from the one for mails: neither holds up the other."""

    async def asked(session: AsyncSession, facts: Sequence[Received[Any]]) -> None:
        await ask_for_webhooks(session, facts)

    return Consumer(
        name="notifications-webhooks",
        topics=PUBLIC_TOPICS,
        handlers=dict.fromkeys(PUBLIC_FACTS.values(), asked),
        # Until the transaction ends no subscription can be paused, nor an endpoint's failure be noted.
        most_records=FACTS_TOGETHER,
    )
