"""What a consumer makes of the records of a topic, readable or not."""

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy
from ledger import Closed, Ignored, Noted, record


class Odd(str):
    """The name of a header that other producers can write and aiokafka's cannot."""

    __slots__ = ()

    def encode(self, *_: str) -> bytes:
        return b"odd\xff\xfe"


async def send_in_one_batch(world, records, compression):
    """Writes the records as one batch, in the bytes of Kafka's own format."""
    producer = AIOKafkaProducer(bootstrap_servers=world.bootstrap, acks="all")
    await producer.start()
    batch = producer.create_batch()
    batch._builder = _DefaultRecordBatchBuilderPy(2, compression, 0, -1, -1, 0, 100_000)
    for each in records:
        batch.append(timestamp=None, **each)
    await (await producer.send_batch(batch, world.log, partition=0))
    await producer.stop()


async def test_applies_each_fact_once_and_in_order_within_its_key(world):
    await world.send(*(record("a", n, Noted(amount=n)) for n in (1, 2)), record("b", 1, Closed()))
    world.start()
    await world.send(record("a", 3, Closed()), record("a", 4, Noted(amount=4)), record("b", 2, Noted(amount=2)))

    await world.read_to(6)

    assert await world.effects("a") == [1, 2, 3, 4]
    assert await world.effects("b") == [1, 2]
    assert await world.parked() == []


async def test_bad_headers_among_a_batch_park_and_everything_else_is_applied(world):
    good = [record(f"k{n}", 1, Noted(amount=n)) for n in range(100)]
    null = record("null", 1, Noted(amount=1), headers=[("ce_type", None), ("ce_sequence", None)])
    bytes_ = record("bytes", 1, Noted(amount=1))
    bytes_["headers"] = [(name, b"\xff\xfe" if name == "ce_time" else value) for name, value in bytes_["headers"]]
    await world.send(*good[:50], null, bytes_, *good[50:])
    world.start()

    await world.read_to(102)

    assert len(await world.rows("SELECT 1 FROM effect")) == 100
    assert await world.parked("null") == [(None, "unknown_type")]
    assert await world.parked("bytes") == [(1, "headers")]


@pytest.mark.parametrize("compression", [0, 1], ids=["plain", "gzip"])
async def test_a_header_name_that_is_no_text_stops_nobody(world, compression):
    odd = record("odd", 1, Noted(amount=1))
    odd["headers"] = [(Odd(), b"1"), *odd["headers"]]
    nameless = record("nameless", 1, Noted(amount=1))
    nameless["headers"] = [(Odd() if name == "ce_type" else name, value) for name, value in nameless["headers"]]
    await send_in_one_batch(world, [record("a", 1, Noted(amount=1)), odd, nameless], compression)
    await world.send(record("a", 2, Noted(amount=2)))
    world.start()

    await world.read_to(4)

    assert await world.effects("a") == [1, 2]
    assert await world.effects("odd") == [1]
    assert await world.parked() == [(1, "unknown_type")]


async def test_a_type_that_nobody_here_subscribed_to_is_passed_over(world, monkeypatch):
    monkeypatch.setitem(
        __import__("polity_chassis.messaging.consuming.records", fromlist=["FACTS"]).FACTS, Ignored.type, Ignored
    )
    await world.send(record("a", 1, Noted(amount=1)), record("a", 2, Ignored()), record("a", 3, Noted(amount=3)))
    world.start()

    await world.read_to(3)

    assert await world.effects("a") == [1, 3]


async def test_what_postgresql_cannot_hold_of_a_record_parks_it_and_stops_nobody(world):
    def changed(key, **values):
        made = record(key, 1, Noted(amount=1))
        headers = [(name, values.get(name, value)) for name, value in made["headers"]]
        return {**made, "headers": headers}

    kind = changed("kind", ce_type=b"a\0b")
    version = changed("version", ce_dataschema=b"urn:\0")
    name = record("name", 1, Noted(amount=1))
    name = {**name, "headers": [("x\0y", b"1"), *name["headers"]], "value": b"{"}
    await world.send(kind, version, name, record("good", 1, Noted(amount=1)))
    world.start()

    await world.read_to(4)

    assert await world.effects("good") == [1]
    assert [reason for _, reason in await world.parked()] == ["unknown_type", "unknown_version", "data"]
