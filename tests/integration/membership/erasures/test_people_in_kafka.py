"""The last record of a person in Kafka is the newest, also after a stopped relay has gone on."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import UUID

import pytest_asyncio
from aiokafka import AIOKafkaProducer
from polity_contracts.topics import PEOPLE
from polity_membership.erasures.consumers import OwnPeople


class Relay:
    """Sends outbox rows of one key as the relay does, and as a stopped relay does that goes on too late."""

    def __init__(self, world: Any, producer: AIOKafkaProducer, topic: str) -> None:
        self.world, self.producer, self.topic = world, producer, topic

    async def rows(self, key: str) -> list[Any]:
        sql = "SELECT key, sequence, value FROM outbox WHERE key = :key ORDER BY seq"
        return list(await self.world.rows(sql, key=key))

    async def send(self, rows: list[Any]) -> None:
        for row in rows:
            headers = [("ce_sequence", str(row["sequence"]).encode())]
            await self.producer.send_and_wait(self.topic, row["value"], row["key"].encode(), headers=headers)

    async def drain(self, key: str) -> list[Any]:
        rows = await self.rows(key)
        await self.send(rows)
        await self.world.rows("DELETE FROM outbox WHERE key = :key RETURNING seq", key=key)
        return rows


@pytest_asyncio.fixture
async def relay(world: Any, kafka: Any) -> AsyncIterator[Relay]:
    (topic,) = await kafka.create_topics(kafka.random_topic(PEOPLE))
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap)
    await producer.start()
    follower = OwnPeople(world.database, kafka.bootstrap, world.now, topic)
    task = asyncio.create_task(follower.follow())
    yield Relay(world, producer, topic)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await producer.stop()


async def _until(condition: Callable[[], Any]) -> Any:
    async with asyncio.timeout(30):
        while not (found := await condition()):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    return found


async def test_an_erased_value_that_comes_after_its_tombstone_is_erased_again(
    world: Any, net: Any, relay: Relay
) -> None:
    await net.register(3)
    places = (await net.get(f"/v1/networks/{net.id}/local-governments"))["items"]
    erased, current, waiting = (place["contact_id"] for place in places)
    stale = await relay.drain(erased)
    await net.post(f"/v1/people/{erased}/erasure", {}, expect=202)
    await relay.drain(erased)
    await relay.drain(current)
    # This one's value is in Kafka and its tombstone still on the way: nothing is wrong with that.
    await net.post(f"/v1/people/{waiting}/erasure", {}, expect=202)
    await relay.send((await relay.rows(waiting))[:1])

    await relay.send(stale)
    (again,) = await _until(lambda: relay.rows(erased))
    assert (again["sequence"], again["value"]) == (3, None)
    await relay.drain(erased)
    assert await relay.rows(current) == []
    assert [row["sequence"] for row in await relay.rows(waiting)] == [1, 2]
    stored = await world.rows("SELECT fact_sequence FROM person WHERE id = :id", id=UUID(waiting))
    assert stored[0]["fact_sequence"] == 2


async def test_a_value_that_went_backwards_is_published_as_it_is_now(world: Any, net: Any, relay: Relay) -> None:
    await net.register(1)
    (place,) = (await net.get(f"/v1/networks/{net.id}/local-governments"))["items"]
    person = place["contact_id"]
    stale = await relay.drain(person)
    await world.rows("UPDATE person SET email = 'new@example.org', fact_sequence = 2 WHERE id = :id RETURNING id",
                     id=UUID(person))  # fmt: skip
    await relay.send(stale)
    (again,) = await _until(lambda: relay.rows(person))
    assert again["sequence"] == 3
    assert b"new@example.org" in again["value"]


async def test_a_restored_database_erases_again_whoever_was_erased_since(world: Any, net: Any, relay: Relay) -> None:
    await net.register(2)
    places = (await net.get(f"/v1/networks/{net.id}/local-governments"))["items"]
    erased, other = (place["contact_id"] for place in places)
    await relay.drain(erased)
    await relay.drain(other)
    # The backup is from before the erasure; Kafka has had the tombstone since.
    await relay.send([{"key": erased, "sequence": 2, "value": None}])

    async def emptied() -> Any:
        return await world.rows("SELECT id FROM person WHERE id = :id AND name IS NULL", id=UUID(erased))

    await _until(emptied)
    assert [(row["sequence"], row["value"]) for row in await relay.rows(erased)] == [(2, None)]
    assert await relay.rows(other) == []
    kept = await world.rows("SELECT erased_at FROM person WHERE id = :id", id=UUID(other))
    assert kept[0]["erased_at"] is None
