"""How a local government is reached is corrected by its network's secretariat, and every service is told."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

CORRECT = {"name": "Ana Nueva", "email": "ana@city.example", "language": "fr"}


async def place(world: Any, net: Any) -> tuple[str, UUID]:
    """A registered place and its contact's id."""
    await net.register(1)
    found = await world.rows(
        "SELECT id, person_id FROM local_government JOIN local_government_contact ON id = local_government_id"
        " WHERE network_id = :id",
        id=UUID(net.id),
    )
    return f"/v1/local-governments/{found[0]['id']}/contact", found[0]["person_id"]


async def test_a_correction_changes_the_same_person_and_tells_it_once(world: Any, net: Any) -> None:
    path, contact = await place(world, net)
    for _ in range(2):
        assert await net.post(path, CORRECT, expect=200) == {"contact_id": str(contact)}
    facts = [fact for fact in await world.facts(contact) if fact[0].endswith("person_recorded")]
    assert [sequence for _, sequence, _ in facts] == [1, 2]
    assert {name: facts[-1][2][name] for name in CORRECT} == CORRECT
    (row,) = await world.rows("SELECT name, email, language FROM person WHERE id = :id", id=contact)
    assert row == CORRECT


async def test_after_an_erasure_somebody_new_is_recorded_once_however_many_ask(world: Any, net: Any) -> None:
    path, erased = await place(world, net)
    await net.post(f"/v1/people/{erased}/erasure", {}, expect=202)
    answers = await asyncio.gather(*(net.post(path, CORRECT, expect=200) for _ in range(3)))
    (contact,) = {answer["contact_id"] for answer in answers}
    assert contact != str(erased)
    assert [sequence for _, sequence, _ in await world.facts(contact)] == [1]
    (row,) = await world.rows("SELECT name, email, language FROM person WHERE id = :id", id=erased)
    assert set(row.values()) == {None}


async def test_a_place_of_another_network_or_of_none_is_not_to_be_found(world: Any, net: Any) -> None:
    path, contact = await place(world, net)
    other = await world.network()
    for where in (path, f"/v1/local-governments/{uuid4()}/contact", "/v1/local-governments/none/contact"):
        assert (await other.post(where, CORRECT)).status_code == 404
    (row,) = await world.rows("SELECT email FROM person WHERE id = :id", id=contact)
    assert row["email"] == "contact@example.org"


@pytest.mark.parametrize(("field", "value"), [("name", ""), ("email", "nobody"), ("language", "no language")])
async def test_what_is_at_fault_is_named_and_nothing_is_changed(world: Any, net: Any, field: str, value: str) -> None:
    path, contact = await place(world, net)
    refused = await net.post(path, {**CORRECT, field: value}, expect=422)
    assert [fault["field"] for fault in refused["errors"]] == [field]
    (row,) = await world.rows("SELECT email FROM person WHERE id = :id", id=contact)
    assert row["email"] == "contact@example.org"
