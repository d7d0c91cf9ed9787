"""What the outbox keeps of a fact, what becomes of it in Kafka, and who rings for it."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind
from polity_chassis.database.outbox_notify import CHANNEL
from polity_chassis.messaging.publishing import record_batches
from polity_chassis.messaging.publishing.cause import Acting, Cause
from polity_chassis.messaging.publishing.outbox import add_facts
from polity_contracts.envelope import MAX_VALUE_BYTES, Envelope, FactTooLarge, decode, headers

AT = datetime(2026, 3, 4, 5, 6, 7, 80, tzinfo=UTC)


@dataclass
class Aggregate:
    id: UUID
    fact_sequence: int = 0


async def test_an_aggregates_facts_leave_under_its_next_numbers(outbox: Any) -> None:
    aggregate = Aggregate(uuid4(), 4)
    async with outbox.database.transaction() as session:
        await add_facts(session, aggregate, [outbox.fact(text="a"), outbox.fact(text="b")], occurred_at=AT)
    assert aggregate.fact_sequence == 6
    async with outbox.relaying():
        await outbox.drained()
    assert outbox.sequences(await outbox.published(2)) == {str(aggregate.id): [5, 6]}


async def test_a_record_is_what_the_contract_says(outbox: Any) -> None:
    network, key = uuid4(), uuid4()

    class Scoped(outbox.fact):  # type: ignore[misc, name-defined]
        network_id: UUID

    fact = Scoped(text="ñandú", network_id=network)
    cause = Cause(None, Acting("person:somebody", str(network)))
    async with outbox.database.transaction() as session:
        await add_facts(session, Aggregate(key), [fact], occurred_at=AT, cause=cause)
    async with outbox.relaying():
        await outbox.drained()
    [record] = await outbox.published(1)
    envelope = decode(record.key, record.value, record.headers, {"test.noted": Scoped})
    assert envelope == Envelope(envelope.id, "test", str(key), 1, AT, fact, None, "person:somebody", str(network))
    assert set(record.headers) == set(headers(envelope))


async def test_a_rolled_back_transaction_leaves_no_fact(outbox: Any) -> None:
    async def fail() -> None:
        async with outbox.database.transaction() as session:
            await add_facts(session, Aggregate(uuid4()), [outbox.fact()], occurred_at=AT)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await outbox.count() == 0


async def test_an_oversize_fact_is_refused_with_its_transaction(outbox: Any) -> None:
    aggregate = Aggregate(uuid4())

    async def exceed() -> None:
        async with outbox.database.transaction() as session:
            facts = [outbox.fact(), outbox.fact(text="x" * MAX_VALUE_BYTES)]
            await add_facts(session, aggregate, facts, occurred_at=AT)

    with pytest.raises(FactTooLarge):
        await exceed()
    assert (await outbox.count(), aggregate.fact_sequence) == (0, 0)


async def test_the_largest_facts_allowed_get_through(outbox: Any) -> None:
    largest = "x" * (MAX_VALUE_BYTES - len('{"text":""}'))
    await outbox.add(*(outbox.outgoing(uuid4(), 1, largest) for _ in range(12)))
    async with outbox.relaying():
        await outbox.drained()
    assert len(await outbox.published(12)) == 12


async def test_the_trace_of_a_sampled_fact_goes_on_in_its_record(outbox: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("test")
    monkeypatch.setattr(record_batches, "_tracer", tracer)
    with tracer.start_as_current_span("use case") as span:
        await outbox.add(outbox.outgoing(uuid4(), 1))
    async with outbox.relaying():
        await outbox.drained()
    [record] = await outbox.published(1)
    published = next(s for s in exporter.get_finished_spans() if s.name == f"publish {outbox.topic}")
    assert published.parent is not None
    assert published.parent.span_id == span.get_span_context().span_id
    assert published.kind is SpanKind.PRODUCER
    context = published.get_span_context()
    assert context is not None
    expected = f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"
    assert context.trace_id == span.get_span_context().trace_id
    assert dict(record.headers)["traceparent"].decode() == expected


async def test_the_facts_of_one_request_share_a_span(outbox: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("test")
    monkeypatch.setattr(record_batches, "_tracer", tracer)
    key = uuid4()
    with tracer.start_as_current_span("import"):
        await outbox.add(*(outbox.outgoing(key, number) for number in range(1, 101)))
    async with outbox.relaying():
        await outbox.drained()
    sent = {dict(record.headers)["traceparent"] for record in await outbox.published(100)}
    published = [s for s in exporter.get_finished_spans() if s.name == f"publish {outbox.topic}"]
    assert len(published) == len(sent) == 1


async def test_an_unsampled_trace_passes_as_it_is(outbox: Any) -> None:
    context = trace.SpanContext(0x1234, 0x5678, is_remote=False, trace_flags=trace.TraceFlags(0))
    with trace.use_span(trace.NonRecordingSpan(context)):
        await outbox.add(outbox.outgoing(uuid4(), 1))
    async with outbox.relaying():
        await outbox.drained()
    [record] = await outbox.published(1)
    assert dict(record.headers)["traceparent"] == f"00-{0x1234:032x}-{0x5678:016x}-00".encode()


async def test_many_commits_ring_seldom(outbox: Any) -> None:
    rings: list[str] = []
    async with outbox.connected() as listener:
        await listener.add_listener(CHANNEL, lambda *_: rings.append(CHANNEL))
        await asyncio.gather(*(outbox.add(outbox.outgoing(uuid4(), 1)) for _ in range(300)))

        async def rung() -> bool:
            return len(rings) > 0

        await outbox.until(rung)
        before = len(rings)
    assert 0 < before < 150


async def test_a_transaction_without_facts_does_not_ring(outbox: Any) -> None:
    rings: list[str] = []
    async with outbox.connected() as listener:
        await listener.add_listener(CHANNEL, lambda *_: rings.append("rung"))
        async with outbox.database.transaction() as session:
            await session.connection()
        await outbox.add(outbox.outgoing(uuid4(), 1))

        async def rung() -> bool:
            return len(rings) > 0

        await outbox.until(rung)
    assert rings == ["rung"]


async def test_the_bell_is_repaired_after_its_connection_was_cut(outbox: Any) -> None:
    rings: list[str] = []
    async with outbox.connected() as listener:
        await listener.add_listener(CHANNEL, lambda *_: rings.append(CHANNEL))

        async def rung() -> bool:
            await outbox.add(outbox.outgoing(uuid4(), 1))
            return len(rings) > 0

        await outbox.until(rung)
        cut = """
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE application_name = 'bell' AND datname = current_database()
        """
        await listener.execute(cut)
        rings.clear()
        await outbox.until(rung)
