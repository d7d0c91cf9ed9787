"""Builds Kafka's record batches from rows of the outbox: per partition, in the order of the rows.

The loop in `build` is the relay's hot path: nothing is built per row that PostgreSQL can build or that repeats.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.producer.message_accumulator import BatchBuilder
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from polity_contracts.envelope import CONTENT_TYPE

WIRE_COLUMNS = """
seq, topic, key_hash, type, version, visibility, traceparent, value, convert_to(key, 'UTF8') AS key,
convert_to(actor, 'UTF8') AS actor, convert_to(on_behalf_of, 'UTF8') AS on_behalf_of,
convert_to(message_id::text, 'UTF8') AS id, convert_to(sequence::text, 'UTF8') AS sequence,
convert_to(networks, 'UTF8') AS networks,
convert_to(to_char(occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'UTF8') AS occurred_at
"""
"""What `build` reads of a row, in this order and in the form that the record has; three columns of `READ` follow."""

MAX_BATCH_BYTES = 1_000_000
"""Below the topics' `max.message.bytes`, which bounds a whole batch."""

Header = tuple[str, bytes]
_W3C = TraceContextTextMapPropagator()
_tracer = trace.get_tracer("polity.relay")


@dataclass(slots=True)
class PartitionBatches:
    """The batches for one partition, to be sent one after the other, and the numbers of the rows in them.

    `next_offset` is the offset after the last batch, None until Kafka has answered.
    """

    topic: str
    partition: int
    batches: list[BatchBuilder]
    numbers: list[int] = field(default_factory=list)
    next_offset: int | None = None
    spans: list[Span] = field(default_factory=list)
    parents: dict[str, bytes] = field(default_factory=dict)
    """The `traceparent` to send by that of the request: an import of ten thousand rows has one span here."""

    def end_spans(self, error: BaseException | None) -> None:
        """Ends the spans of the sampled requests."""
        for span in self.spans:
            if error is not None:
                span.record_exception(error)
            span.end()


class RecordBatcher:
    """Builds batches for one producer; `source` is the service that the records name."""

    def __init__(self, producer: AIOKafkaProducer, source: str) -> None:
        self._producer = producer
        self._source = source.encode()
        self._partitions: dict[str, int] = {}
        self._same: dict[tuple[str, int, str], list[Header]] = {}

    async def read_partition_counts(self, topics: set[str]) -> None:
        """Reads the topics' partition counts; raises Kafka's error for a topic that does not exist."""
        for topic in topics - self._partitions.keys():
            self._partitions[topic] = len(await self._producer.partitions_for(topic))

    def build(self, rows: Sequence[Sequence[Any]]) -> list[PartitionBatches]:
        """Returns the rows' records, by partition. The partition counts of the topics must have been read."""
        loads: dict[tuple[str, int], PartitionBatches] = {}
        partitions, same, create_batch = self._partitions, self._same, self._producer.create_batch
        now = int(time.time() * 1000)
        for row in rows:
            (
                number, topic, key_hash, kind, version, visibility, parent, value, key, actor, behalf, id_, sequence,
                networks, at, *_,
            ) = row  # fmt: skip
            place = (topic, key_hash % partitions[topic])
            load = loads.get(place) or loads.setdefault(place, PartitionBatches(*place, [create_batch()]))
            headers = [
                *(same.get((kind, version, visibility)) or self._learn_same(kind, version, visibility)),
                ("ce_id", id_),
                ("ce_time", at),
                ("ce_subject", key),
                ("ce_sequence", sequence),
            ]
            if networks:
                headers.append(("ce_networks", networks))
            if actor:
                headers.append(("ce_actor", actor))
            if behalf:
                headers.append(("ce_onbehalfof", behalf))
            if parent:
                headers.append(("traceparent", load.parents.get(parent) or _published(parent, load)))
            if load.batches[-1].append(timestamp=now, key=key, value=value, headers=headers) is None:
                load.batches.append(create_batch())
                load.batches[-1].append(timestamp=now, key=key, value=value, headers=headers)
            load.numbers.append(number)
        return list(loads.values())

    def _learn_same(self, kind: str, version: int, visibility: str) -> list[Header]:
        headers = [
            ("ce_specversion", b"1.0"),
            ("ce_source", self._source),
            ("ce_type", kind.encode()),
            ("ce_dataschema", f"urn:polity:{kind}:{version}".encode()),
            ("ce_visibility", visibility.encode()),
            ("content-type", CONTENT_TYPE.encode()),
        ]
        self._same[kind, version, visibility] = headers
        return headers


def _published(parent: str, load: PartitionBatches) -> bytes:
    """Returns the traceparent to send, one for each request of the batches: of a span of ours if it is sampled."""
    load.parents[parent] = _travelling(parent, load)
    return load.parents[parent]


def _travelling(parent: str, load: PartitionBatches) -> bytes:
    if not int(parent[-2:], 16) & 1:
        return parent.encode()
    span = _tracer.start_span(
        f"publish {load.topic}", context=_W3C.extract({"traceparent": parent}, Context()), kind=SpanKind.PRODUCER
    )
    load.spans.append(span)
    carrier: dict[str, str] = {}
    _W3C.inject(carrier, trace.set_span_in_context(span, Context()))
    return carrier.get("traceparent", parent).encode()
