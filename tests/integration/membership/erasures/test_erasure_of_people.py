"""Erasing a person leaves nothing of them in any of membership's tables."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from aiokafka.partitioner import DefaultPartitioner
from polity_contracts.topics import PEOPLE
from polity_membership.erasures.usecases.mark_people_partitions import mark_people_partitions
from polity_membership.erasures.usecases.republish_person import republish_person

EVERYTHING = """
SELECT table_name AS name FROM information_schema.tables
 WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND table_name <> 'outbox'
"""


async def _holding(world: Any, *planted: str) -> set[str]:
    """The tables in which any of the values stands; the outbox holds a fact until the relay has sent it."""
    found = set()
    for table in await world.rows(EVERYTHING):
        rows = await world.rows(f'SELECT t::text AS content FROM "{table["name"]}" t')
        if any(value in row["content"] for row in rows for value in planted):
            found.add(table["name"])
    return found


async def test_an_erased_contact_is_nowhere_and_a_tombstone_says_so(
    world: Any, net: Any, row: Callable[..., Any], csv_of: Any
) -> None:
    planted = "Xenia Planted", "xenia.planted@example.org"
    contact = row("Vic", contact_name=planted[0], contact_email=planted[1])
    await net.do_import(csv_of([contact]), expect=200)
    campaign_id = await net.campaign()
    await net.invite_all(campaign_id)
    (item,) = (await net.get(f"/v1/campaigns/{campaign_id}/invitations"))["items"]
    assert await _holding(world, *planted) == {"person"}

    for _ in range(2):
        await net.post(f"/v1/people/{item['contact_id']}/erasure", {}, expect=202)
    assert await _holding(world, *planted) == set()
    facts = await world.facts(item["contact_id"])
    assert [(name, number) for name, number, _ in facts] == [("person_recorded", 1), ("person_erased", 2)]
    assert facts[1][2] is None
    (place,) = (await net.get(f"/v1/networks/{net.id}/local-governments"))["items"]
    assert place["contact_id"] is None
    assert (await net.invite_all(await net.campaign()))["without_contact"] == 1


async def test_an_erased_signatory_leaves_the_commitment(world: Any, net: Any) -> None:
    campaign_id, (link,) = await net.invited(1, 1)
    await net.commit(link, signatory_name="Yvonne Planted", signatory_office="Planted Mayor")
    (item,) = (await net.get(f"/v1/campaigns/{campaign_id}/invitations"))["items"]
    assert await _holding(world, "Yvonne Planted", "Planted Mayor") == {"person"}
    await net.post(f"/v1/people/{item['signatory_id']}/erasure", {}, expect=202)
    assert await _holding(world, "Yvonne Planted", "Planted Mayor") == set()
    shown = await world.call("GET", f"/v1/campaigns/{campaign_id}", expect=200)
    assert (shown["commitments"], shown["milestones"][0]["ordinal"]) == (1, 1)


async def test_an_erased_holder_loses_mandate_and_sign_in(world: Any, net: Any) -> None:
    person = {"name": "Walter Planted", "email": "walter.planted@example.org", "language": "en"}
    body = {"person": person, "role": "secretariat"}
    granted = await net.post(f"/v1/networks/{net.id}/mandates", body, expect=201)
    subject = "0b5f6a1e-planted-subject"
    await world.call("POST", "/v1/mandate-links", {"link": granted["link"]}, as_=subject, expect=200)
    path = f"/v1/networks/{net.id}/local-governments"
    await world.call("GET", path, as_=subject, expect=200)

    await net.post(f"/v1/people/{granted['person_id']}/erasure", {}, expect=202)
    await world.call("GET", path, as_=subject, expect=404)
    assert await _holding(world, "Walter Planted", "walter.planted@example.org") == set()
    # The account at the sign-in has yet to be erased: nothing but that needs the subject.
    assert await _holding(world, subject) == {"account_erasure"}
    ended = await world.rows("SELECT ended_at FROM mandate WHERE id = :id", id=UUID(granted["mandate_id"]))
    assert ended[0]["ended_at"] is not None
    assert [name for name, _, _ in await world.facts(granted["mandate_id"])] == [
        "mandate_granted",
        "mandate_linked",
        "mandate_ended",
    ]


async def test_an_erasure_asked_for_again_is_answered_as_the_first(
    world: Any, net: Any, row: Callable[..., Any], csv_of: Any
) -> None:
    """Nothing leads from the network to the person any more, who was never invited or whose mandate has ended."""
    person = {"name": "Walter Again", "email": "walter.again@example.org", "language": "en"}
    granted = await net.post(f"/v1/networks/{net.id}/mandates", {"person": person, "role": "secretariat"}, expect=201)
    await net.do_import(csv_of([row("Vic", contact_name="Xenia Again", contact_email="xenia.again@example.org")]))
    (place,) = (await net.get(f"/v1/networks/{net.id}/local-governments"))["items"]
    for person_id in (granted["person_id"], place["contact_id"]):
        path = f"/v1/people/{person_id}/erasure"
        first, second = [await net.post(path, {}, expect=202) for _ in range(2)]
        assert first == second == {"person_id": person_id}
        await world.call("POST", path, {}, as_="a-stranger", expect=404)
        assert [name for name, _, _ in await world.facts(person_id)] == ["person_recorded", "person_erased"]


async def test_an_operator_erases_whom_no_network_knows(world: Any) -> None:
    holders = await world.rows("SELECT person_id FROM mandate WHERE role = 'operator' AND subject IS NULL")
    assert holders == []
    unknown = "00000000-0000-7000-8000-000000000000"
    await world.call("POST", f"/v1/people/{unknown}/erasure", {}, as_=world.operator, expect=404)


async def test_after_the_compaction_lag_every_people_partition_gets_one_marker(
    world: Any, net: Any, row: Callable[..., Any], csv_of: Any
) -> None:
    await net.do_import(csv_of([row("Vic")]), expect=200)
    (place,) = (await net.get(f"/v1/networks/{net.id}/local-governments"))["items"]
    lag = timedelta(hours=24)
    await world.rows("UPDATE person_erasure SET published_at = now(), marked_at = now() RETURNING 1")
    await net.post(f"/v1/people/{place['contact_id']}/erasure", {}, expect=202)

    # Kafka is away: however late it is, a marker that goes out right after the tombstone would do nothing.
    assert not await mark_people_partitions(world.database, world.now(), lag)
    await pass_by(world, 2 * lag)
    assert not await mark_people_partitions(world.database, world.now(), lag)
    await world.rows("DELETE FROM outbox WHERE key = :key RETURNING seq", key=place["contact_id"])
    assert not await mark_people_partitions(world.database, world.now(), lag)
    await pass_by(world, lag - timedelta(minutes=1))
    # A worker's clock that is ahead says nothing.
    assert not await mark_people_partitions(world.database, world.now() + 2 * lag, lag)
    await pass_by(world, timedelta(minutes=1))
    later = [mark_people_partitions(world.database, world.now(), lag) for _ in range(4)]
    assert sorted(await asyncio.gather(*later)) == [False, False, False, True]
    markers = await world.rows("SELECT id, fact_sequence FROM people_marker")
    for marker in markers:
        assert (await world.facts(marker["id"]))[-1] == ("person_erased", marker["fact_sequence"], None)
    producer = DefaultPartitioner()
    partitions = list(range(PEOPLE.partitions))
    found = sorted(producer(str(marker["id"]).encode(), partitions, partitions) for marker in markers)
    assert found == partitions


async def pass_by(world: Any, time: timedelta) -> None:
    """Lets so much time pass by the database's clock, in which erasures and corrections are published and marked."""
    for name in ("person_erasure", "person_correction"):
        await world.rows(
            f"UPDATE {name} SET published_at = published_at - CAST(:time AS interval) RETURNING 1", time=time
        )


async def test_a_corrected_name_is_pushed_out_of_kafka_as_an_erased_one_is(world: Any, net: Any) -> None:
    await net.register(1)
    (place,) = (await net.get(f"/v1/networks/{net.id}/local-governments"))["items"]
    lag, path = timedelta(hours=24), f"/v1/local-governments/{place['local_government_id']}/contact"
    await world.rows("UPDATE person_erasure SET published_at = now(), marked_at = now() RETURNING 1")
    await world.rows("DELETE FROM person_correction RETURNING 1")
    for name in ("Ana", "Berta"):
        await net.post(path, {"name": name, "email": "a@city.example", "language": "es"}, expect=200)
        # Kafka has not got it yet, whatever was published before.
        await mark_people_partitions(world.database, world.now(), lag)
        await pass_by(world, 2 * lag)
        assert not await mark_people_partitions(world.database, world.now(), lag)
        await world.rows("DELETE FROM outbox WHERE key = :key RETURNING seq", key=place["contact_id"])
        assert not await mark_people_partitions(world.database, world.now(), lag)
        await pass_by(world, lag - timedelta(minutes=1))
        assert not await mark_people_partitions(world.database, world.now(), lag)
    await pass_by(world, timedelta(minutes=1))
    assert await mark_people_partitions(world.database, world.now(), lag)
    assert not await mark_people_partitions(world.database, world.now(), lag)
    assert await world.rows("SELECT 1 FROM person_correction") == []


async def test_a_tombstone_that_is_sent_again_gets_another_marker(world: Any, net: Any) -> None:
    await net.register(1)
    (place,) = (await net.get(f"/v1/networks/{net.id}/local-governments"))["items"]
    person = UUID(place["contact_id"])
    await net.post(f"/v1/people/{person}/erasure", {}, expect=202)
    lag = timedelta(seconds=1)
    for _ in range(2):
        await world.rows("DELETE FROM outbox WHERE key = :key RETURNING seq", key=str(person))
        await mark_people_partitions(world.database, world.now(), lag)
        await pass_by(world, 2 * lag)
        assert await mark_people_partitions(world.database, world.now(), lag)
        await republish_person(world.database, person, world.now())
