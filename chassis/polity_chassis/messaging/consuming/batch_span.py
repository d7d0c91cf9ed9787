"""Continues the traces of the facts: one span for the batch, and one for every other sampled trace in it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from polity_chassis.messaging.consuming.records import DecodedRecord, Received
from polity_chassis.observability.tracing import span_from

_W3C = TraceContextTextMapPropagator()
_SAMPLED = frozenset("13579bdf")
"""The last digit of a `traceparent` whose sampled flag is set (W3C Trace Context, 3.2.2.5)."""


@contextmanager
def batch_span(consumer: str, items: Sequence[DecodedRecord]) -> Iterator[None]:
    """Makes the batch's span current. Its parent is the first sampled fact's own span; without one it isn't sampled.

    The other sampled facts get spans in their own traces, from the batch's begin to its end; those that were published
    together share one.
    """
    traced = [item.received for item in items if item.received and item.received.traceparent]
    sampled: dict[str, list[Received[Any]]] = {}
    for fact in traced:
        if (fact.traceparent or "")[-1] in _SAMPLED:
            sampled.setdefault(fact.traceparent or "", []).append(fact)
    first = next(iter(sampled), traced[0].traceparent if traced else None)
    name, attributes = f"process {consumer}", {"messaging.batch.message_count": len(items)}
    with span_from(first, name, SpanKind.CONSUMER, attributes):
        spans = [_span_of(name, facts) for facts in list(sampled.values())[1:]]
        try:
            yield
        finally:
            for span in spans:
                span.end()


def _span_of(name: str, facts: Sequence[Received[Any]]) -> trace.Span:
    fact = facts[0]
    parent = _W3C.extract({"traceparent": fact.traceparent or ""}, Context())
    attributes: dict[str, str | int] = {"messaging.destination.name": fact.topic}
    if len(facts) == 1:
        attributes["messaging.message.id"] = str(fact.id)
    else:
        attributes["messaging.batch.message_count"] = len(facts)
    return trace.get_tracer("polity").start_span(name, context=parent, kind=SpanKind.CONSUMER, attributes=attributes)
