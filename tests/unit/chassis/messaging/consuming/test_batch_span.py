"""A batch continues the traces of the facts in it."""

from types import SimpleNamespace
from uuid import uuid4

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from polity_chassis.clock import utc_now
from polity_chassis.messaging.consuming.batch_span import batch_span
from polity_chassis.messaging.consuming.records import DecodedRecord, Received

TRACES = {
    name: f"00-{digit * 32}-{digit * 16}-{flags}"
    for name, digit, flags in (("quiet", "a", "00"), ("first", "b", "01"), ("second", "c", "01"))
}


@pytest.fixture
def spans(monkeypatch):
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer", provider.get_tracer)
    return exporter


def item(traceparent):
    received = Received(None, "k", utc_now(), uuid4(), 1, "topic", 0, 0, traceparent)
    return DecodedRecord(SimpleNamespace(), ("topic", "k"), 1, received=received)


def test_the_batch_is_the_first_sampled_fact_s_child_and_every_other_has_its_own(spans):
    with batch_span("reporting", [item(TRACES[name]) for name in ("quiet", "first", "second")]):
        inside = trace.get_current_span().get_span_context().trace_id
    found = {f"{span.context.trace_id:032x}": span for span in spans.get_finished_spans()}

    assert f"{inside:032x}" == "b" * 32
    assert sorted(found) == ["b" * 32, "c" * 32]
    assert {span.name for span in found.values()} == {"process reporting"}
    assert found["c" * 32].parent.span_id == int("c" * 16, 16)


def test_facts_that_were_published_together_share_a_span(spans):
    with batch_span("reporting", [item(TRACES[name]) for name in ("second", "first", "second", "first", "first")]):
        pass
    found = {f"{span.context.trace_id:032x}": span for span in spans.get_finished_spans()}

    assert len(spans.get_finished_spans()) == len(found) == 2
    assert found["b" * 32].attributes["messaging.batch.message_count"] == 3


def test_without_a_sampled_fact_the_batch_is_not_sampled(spans):
    with batch_span("reporting", [item(TRACES["quiet"]), item(None)]):
        pass

    assert spans.get_finished_spans() == ()


def test_a_broken_traceparent_does_no_harm(spans):
    with batch_span("reporting", [item("nonsense-1"), item("x1"), item("")]):
        pass

    assert len(spans.get_finished_spans()) == 2
