"""Exports traces, without personal data and links. Set up after a fork."""

import os
import re
import threading
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from typing import Any

from fastapi.telemetry import TelemetryConfig
from opentelemetry import propagate, trace
from opentelemetry.context import Context
from opentelemetry.instrumentation.asyncpg import AsyncPGInstrumentor
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import Event, ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import Span, SpanKind, Status
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

LINK = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{22}\.[0-9]+\.[A-Za-z0-9_-]{43}")
"""A token as `authorization/links.py` signs it, anywhere in a text."""

_QUERY = re.compile(r"\?[^\s]*")
_URLS = {"http.url", "http.target", "url.full", "url.path", "http.request.header.referer"}
_DROPPED = {
    "url.query",
    "net.peer.ip",
    "client.address",
    "http.client_ip",
    "http.user_agent",
    "user_agent.original",
    "db.statement.parameters",
}
EXPORT_SECONDS = 3
"""How long one batch may take unless OTEL_EXPORTER_*_TIMEOUT says otherwise, and how long the end of a process."""
_W3C = TraceContextTextMapPropagator()


def setup(service_name: str, exporter: str) -> TracerProvider:
    """Returns the tracer provider, installed for the process; `exporter` is zipkin_json, otlp or none.

    Endpoint, timeout and sampler follow the standard OTEL_* variables. Spans are sent by a thread of their own and
    dropped if its queue is full, so a collector that hangs delays no request.
    """
    provider = TracerProvider(resource=Resource.create({SERVICE_NAME: service_name}))
    if exporter != "none":
        provider.add_span_processor(_Processor(Redacting(_exporter(exporter))))
    trace.set_tracer_provider(provider)
    propagate.set_global_textmap(_W3C)
    for instrumentor in (AsyncPGInstrumentor(), HTTPXClientInstrumentor()):  # type: ignore[no-untyped-call]
        if not instrumentor.is_instrumented_by_opentelemetry:
            instrumentor.instrument()
    return provider


def _exporter(name: str) -> SpanExporter:
    if name == "otlp":
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415

        own = "OTEL_EXPORTER_OTLP_TIMEOUT" in os.environ or "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT" in os.environ
        return OTLPSpanExporter(timeout=None if own else EXPORT_SECONDS)
    from opentelemetry.exporter.zipkin.json import ZipkinExporter  # noqa: PLC0415

    return ZipkinExporter(timeout=None if "OTEL_EXPORTER_ZIPKIN_TIMEOUT" in os.environ else EXPORT_SECONDS)


class _Processor(BatchSpanProcessor):
    """Sends by a thread of its own, and doesn't hold up the end of the process for a collector that hangs."""

    def shutdown(self) -> None:
        ending = threading.Thread(target=super().shutdown, daemon=True)
        ending.start()
        ending.join(EXPORT_SECONDS)


def _untraced(scope: MutableMapping[str, Any]) -> bool:
    return bool(scope.get("path", "").startswith("/health/") or scope.get("path") == "/metrics")


HTTP: TelemetryConfig = {
    "operation_spans": False,
    "metrics": False,
    "logs": False,
    "auto_configure": False,
    "exclude": _untraced,
}
"""For `FastAPI(telemetry=…)`: one server span per request but /health and /metrics."""


class Redacting(SpanExporter):
    """Exports spans without links, queries, addresses and messages of exceptions."""

    def __init__(self, inner: SpanExporter) -> None:
        self._inner = inner

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return self._inner.export([_redacted(span) for span in spans])

    def shutdown(self) -> None:
        self._inner.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._inner.force_flush(timeout_millis)


def _redacted(span: ReadableSpan) -> ReadableSpan:
    return ReadableSpan(
        name=LINK.sub("{token}", span.name),
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=_attributes(span.attributes or {}, span.kind),
        events=[_event(event) for event in span.events],
        links=span.links,
        kind=span.kind,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _attributes(attributes: Mapping[str, Any], kind: SpanKind) -> dict[str, Any]:
    kept = {}
    for name, value in attributes.items():
        if name in _DROPPED:
            continue
        if name in _URLS and kind is SpanKind.SERVER:
            kept[name] = attributes.get("http.route", "{unknown}")
        elif isinstance(value, str):
            text = _QUERY.sub("", value) if name in _URLS else value
            kept[name] = LINK.sub("{token}", text)
        else:
            kept[name] = value
    return kept


def _event(event: Event) -> Event:
    """An exception's message may quote a row, so only its type stays."""
    attributes = event.attributes or {}
    kept = {name: attributes[name] for name in attributes if name not in {"exception.message", "exception.stacktrace"}}
    return Event(event.name, kept, event.timestamp)


def current_traceparent() -> str | None:
    """Returns the W3C `traceparent` of the span that is current, None outside of any."""
    carrier: dict[str, str] = {}
    _W3C.inject(carrier)
    return carrier.get("traceparent")


def current_trace_id() -> str | None:
    """Returns the trace id in 32 hexadecimal digits, None outside of any span."""
    context = trace.get_current_span().get_span_context()
    return f"{context.trace_id:032x}" if context.is_valid else None


def begin_span(
    traceparent: str | None, name: str, kind: SpanKind, attributes: Mapping[str, str | int | float | bool]
) -> Span:
    """Returns a span that continues a message's trace, for its caller to end: it is not made current, which costs more
    than the span itself."""
    return trace.get_tracer("polity").start_span(name, context=_parent(traceparent), kind=kind, attributes=attributes)


@contextmanager
def span_from(
    traceparent: str | None,
    name: str,
    kind: SpanKind = SpanKind.INTERNAL,
    attributes: Mapping[str, str | int | float | bool] | None = None,
) -> Iterator[Span]:
    """Makes a span current that continues the trace of a message; without `traceparent` it starts a new trace."""
    tracer = trace.get_tracer("polity")
    with tracer.start_as_current_span(name, context=_parent(traceparent), kind=kind, attributes=attributes) as span:
        yield span


def _parent(traceparent: str | None) -> Context:
    return _W3C.extract({"traceparent": traceparent}, Context()) if traceparent else Context()
