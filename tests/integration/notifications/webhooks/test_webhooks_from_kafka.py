"""From records in Kafka, some of them repeated, to one post for each."""

import asyncio
import json
from dataclasses import replace
from typing import Any

from aiokafka import AIOKafkaProducer
from polity_chassis.ids import new_id
from polity_chassis.messaging.consuming.consumer import Consumer, ConsumerRunner
from polity_contracts.envelope import Envelope, encode_value, headers
from polity_contracts.membership.campaigns import MilestoneAnnounced
from polity_contracts.membership.commitments import CommitmentMade, CommitmentWithdrawn
from polity_contracts.topics import TOPICS
from polity_local.testing.parts import KafkaForTests
from polity_notifications.consumers.webhooks import webhook_consumer
from sqlalchemy import text

TOGETHER = text("SELECT count(*) FROM webhook_delivery GROUP BY xmin")
"""How many deliveries each transaction asked for."""


async def publish(kafka: KafkaForTests, names: dict[str, str], facts: list[Any]) -> None:
    async with AIOKafkaProducer(bootstrap_servers=kafka.bootstrap, acks="all") as producer:
        for one in facts:
            envelope = Envelope(one.id, "membership", one.key, one.sequence, one.occurred_at, one.fact)
            await producer.send_and_wait(
                names[one.topic], encode_value(one.fact), one.key.encode(), headers=headers(envelope)
            )


async def topics_of_its_own(kafka: KafkaForTests) -> tuple[Consumer, dict[str, str]]:
    """Returns the consumer under a name of its own, and what its topics are called for it."""
    consumer = webhook_consumer()
    topics = {name: replace(kafka.random_topic(TOPICS[name]), partitions=2) for name in consumer.topics}
    await kafka.create_topics(*topics.values())
    names = {name: topic.name for name, topic in topics.items()}
    return replace(consumer, name=f"{consumer.name}-{new_id()}", topics=tuple(names.values())), names


def pledge_confirmed_and_withdrawn(world: Any) -> list[Any]:
    """The facts of one commitment; the first, that it waits, is not public."""
    pledge, common = new_id(), {"campaign_id": world.campaign_id, "network_id": world.network_id}
    common |= {"commitment_id": pledge, "local_government_id": world.city_id, "ordinal": 2}
    made = CommitmentMade(
        **common, language="en", themes=("a",), signed_on=world.clock.now.date(), made_at=world.clock.now
    )
    return [
        world.submitted(world.invited(new_id()), pledge),
        world.received(pledge, made),
        world.received(pledge, CommitmentWithdrawn(**common, withdrawn_at=world.clock.now)),
    ]


def announced(world: Any) -> Any:
    fact = MilestoneAnnounced(
        campaign_id=world.campaign_id, network_id=world.network_id, threshold=10, announced_at=world.clock.now
    )
    return world.received(world.campaign_id, fact)


async def test_public_facts_in_kafka_become_one_post_each_and_others_none(partners: Any, kafka: KafkaForTests) -> None:
    world = partners.world
    await partners.subscribe()
    consumer, names = await topics_of_its_own(kafka)
    sent, made, withdrawn = pledge_confirmed_and_withdrawn(world)
    facts = [world.founded(), world.opened(), partners.commitment(), world.reached()]
    facts += [made, withdrawn, announced(world)]
    await publish(kafka, names, [sent, *facts, *facts])
    runner = ConsumerRunner(consumer, world.database, kafka.bootstrap)
    running = [asyncio.create_task(part.run()) for part in (runner, partners.new_sender())]
    try:
        async with asyncio.timeout(60):
            while runner.lag() != 0 or await partners.statuses() != ["delivered"] * 7:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    finally:
        for task in running:
            task.cancel()
        await asyncio.wait(running)
    events = [json.loads(body) for body in partners.endpoints.bodies()]
    assert sorted(event["id"] for event in events) == sorted(str(one.id) for one in facts)
    of_the_campaign = [event["type"] for event in events if event["subject"] == str(world.campaign_id)]
    assert of_the_campaign == [
        "membership.campaign_opened", "membership.milestone_reached", "membership.milestone_announced",
    ]  # fmt: skip
    of_the_pledge = [(event["type"], event["sequence"]) for event in events if event["subject"] == made.key]
    assert of_the_pledge == [
        ("membership.commitment_made", f"{2:019}"),
        ("membership.commitment_withdrawn", f"{3:019}"),
    ]


async def test_a_long_backlog_keeps_subscriptions_as_they_are_for_fifty_facts_at_a_time(
    partners: Any, kafka: KafkaForTests
) -> None:
    """An operator's pause waits for as long, and so does a sender that notes a failure: each for a second at most."""
    await partners.subscribe()
    consumer, names = await topics_of_its_own(kafka)
    await publish(kafka, names, [partners.commitment(number) for number in range(220)])
    runner = ConsumerRunner(consumer, partners.world.database, kafka.bootstrap)
    running = asyncio.create_task(runner.run())
    try:
        async with asyncio.timeout(60):
            while runner.lag() != 0:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    finally:
        running.cancel()
        await asyncio.wait([running])
    async with partners.world.database.engine.connect() as connection:
        together = (await connection.execute(TOGETHER)).scalars().all()
    assert sum(together) == 220
    assert max(together) <= 50


def test_the_consumer_reads_no_topic_without_public_facts() -> None:
    assert set(webhook_consumer().topics) == {
        "membership-networks-v1",
        "membership-campaigns-v1",
        "membership-commitments-v1",
    }
