"""Continues the traces that facts carry: one span for the batch, and one for every other sampled fact in it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from polity_chassis.records import Item, Received
from polity_chassis.telemetry import span_from

_W3C = TraceContextTextMapPropagator()
_SAMPLED = frozenset("13579bdf")
"""The last digit of a `traceparent` whose sampled flag is set (W3C Trace Context, 3.2.2.5)."""


@contextmanager
def batch_span(consumer: str, items: Sequence[Item]) -> Iterator[None]:
    """Makes the batch's span current. Its parent is the first sampled fact's own span; without one it isn't sampled.

    Every other sampled fact gets a span in its own trace, from the batch's begin to its end.
    """
    traced = [item.received for item in items if item.received and item.received.traceparent]
    sampled = [fact for fact in traced if (fact.traceparent or "")[-1] in _SAMPLED]
    first = next(iter(sampled or traced), None)
    name, attributes = f"process {consumer}", {"messaging.batch.message_count": len(items)}
    with span_from(first.traceparent if first else None, name, SpanKind.CONSUMER, attributes):
        spans = [_span_of(name, fact) for fact in sampled[1:]]
        try:
            yield
        finally:
            for span in spans:
                span.end()


def _span_of(name: str, fact: Received[Any]) -> trace.Span:
    parent = _W3C.extract({"traceparent": fact.traceparent or ""}, Context())
    attributes = {"messaging.message.id": str(fact.id), "messaging.destination.name": fact.topic}
    return trace.get_tracer("polity").start_span(name, context=parent, kind=SpanKind.CONSUMER, attributes=attributes)
