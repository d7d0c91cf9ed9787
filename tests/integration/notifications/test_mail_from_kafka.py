"""From records in Kafka to a mail: consumers, sender and the trace that goes through all of them."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaProducer
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from polity_chassis.ids import new_id
from polity_chassis.messaging.consuming.consumer import ConsumerRunner
from polity_chassis.messaging.consuming.records import Consumer
from polity_contracts.envelope import Envelope, encode_value, headers
from polity_contracts.topics import TOPICS
from polity_local.testing.parts import KafkaForTests
from polity_notifications.consumers.membership import membership_consumers
from polity_notifications.domain.deliveries import Limits


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """Keeps every span of this test."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer", lambda name, *_, **__: provider.get_tracer(name))
    return exporter


class Wire:
    """Membership's topics under random names, and what reads them."""

    def __init__(self, bootstrap: str, names: dict[str, str]) -> None:
        self.bootstrap, self.names = bootstrap, names

    async def publish(self, *facts: Any) -> None:
        producer = AIOKafkaProducer(bootstrap_servers=self.bootstrap, acks="all")
        await producer.start()
        try:
            for one in facts:
                envelope = Envelope(
                    one.id, "membership", one.key, one.sequence, one.occurred_at, one.fact, one.traceparent
                )
                await producer.send_and_wait(
                    self.names[one.topic], encode_value(one.fact), one.key.encode(), headers=headers(envelope)
                )
        finally:
            await producer.stop()

    def renamed(self, consumer: Consumer) -> Consumer:
        topics = tuple(self.names[topic] for topic in consumer.topics)
        return replace(consumer, name=f"{consumer.name}-{new_id()}", topics=topics)


@pytest_asyncio.fixture
async def wire(kafka: KafkaForTests) -> AsyncIterator[Wire]:
    renamed = {name: replace(kafka.random_topic(topic), partitions=2) for name, topic in TOPICS.items()}
    await kafka.create_topics(*renamed.values())
    yield Wire(kafka.bootstrap, {name: topic.name for name, topic in renamed.items()})


async def test_facts_in_kafka_become_one_mail_in_the_same_trace(
    world: Any, wire: Wire, mails: Any, spans: InMemorySpanExporter
) -> None:
    contact, trace_id = new_id(), "e" * 32
    invited = world.invited(contact, traceparent=f"00-{trace_id}-{'f' * 16}-01")
    facts = [world.founded(), world.registered(), world.opened(), world.person(contact), invited]
    await wire.publish(*facts, invited)
    limits = Limits(timedelta(days=14), timedelta(days=7))
    runners = [
        ConsumerRunner(wire.renamed(consumer), world.database, wire.bootstrap)
        for consumer in membership_consumers(limits, world.clock)
    ]
    running = [asyncio.create_task(part.run()) for part in (*runners, world.sender())]
    try:
        async with asyncio.timeout(30):
            while not mails():
                world.clock.forward(seconds=0.1)
                await asyncio.sleep(0.05)
            while await world.statuses() != ["sent"] or any(runner.lag() != 0 for runner in runners):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    finally:
        for task in running:
            task.cancel()
        await asyncio.wait(running)
    assert len(mails()) == 1
    sent = [span for span in spans.get_finished_spans() if span.name == "send mail"]
    assert [f"{span.context.trace_id:032x}" for span in sent if span.context] == [trace_id]
    assert [f"{span.parent.span_id:016x}" for span in sent if span.parent] == ["f" * 16]
    assert "example.org" not in repr([dict(span.attributes or {}) for span in spans.get_finished_spans()])
