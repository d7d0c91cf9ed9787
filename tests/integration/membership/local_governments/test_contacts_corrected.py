"""How a local government is reached is corrected by its network's secretariat, and every service is told."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

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


WAITING = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


async def test_of_two_corrections_at_once_one_records_somebody_new_and_the_other_corrects_them(
    world: Any, net: Any
) -> None:
    path, erased = await place(world, net)
    await net.post(f"/v1/people/{erased}/erasure", {}, expect=202)
    async with world.database.transaction() as session:
        # Nobody can be made the contact before both have looked, unless the second waits for the first.
        await (await session.connection()).execute(text("LOCK TABLE local_government_contact IN SHARE MODE"))
        asking = [
            asyncio.create_task(net.post(path, {**CORRECT, "name": name}, expect=200)) for name in ("Ana", "Berta")
        ]
        while len(await world.rows(WAITING)) < 2:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    first, second = await asyncio.gather(*asking)
    assert first == second
    assert [number for _, number, _ in await world.facts(first["contact_id"])] == [1, 2]


async def test_after_an_erasure_the_new_contact_gets_what_is_unanswered(world: Any, net: Any) -> None:
    await net.register(1)
    campaigns = {
        name: await net.campaign(counts_at_once=name != "sent") for name in ("open", "declined", "sent", "made")
    }
    links = {}
    for name, campaign_id in campaigns.items():
        await net.invite_all(campaign_id)
        (links[name],) = await net.links(campaign_id)
    await world.call("PUT", "/v1/answer/draft", {"signatory_office": "Mayor"}, link=links["open"], expect=200)
    await world.call("POST", "/v1/answer/decline", {}, link=links["declined"], expect=200)
    sent, _ = await net.commit(links["sent"]), await net.commit(links["made"])
    before = await _invitations(net, campaigns)
    erased, place_id = before["open"]["contact_id"], before["open"]["local_government_id"]
    await net.post(f"/v1/people/{erased}/erasure", {}, expect=202)
    assert (await world.call("GET", "/v1/answer", link=links["open"], expect=200))["status"] == "invited"

    path = f"/v1/local-governments/{place_id}/contact"
    for _ in range(2):
        contact = (await net.post(path, CORRECT, expect=200))["contact_id"]
    after = await _invitations(net, campaigns)
    assert {name: item["contact_id"] for name, item in after.items()} == {
        "open": contact, "declined": contact, "sent": contact, "made": erased,
    }  # fmt: skip
    assert (after["open"]["language"], after["made"]["language"]) == ("fr", "es")
    facts = {name: await world.facts(item["invitation_id"]) for name, item in after.items()}
    (first, again) = facts["open"]
    assert (again[0], again[1]) == ("invitation_issued", 2)
    assert again[2] == {**first[2], "contact_id": contact, "language": "fr"}
    assert [len(facts[name]) for name in ("declined", "sent", "made")] == [2, 1, 1]
    await net.decide(sent["commitment_id"], "confirmation")
    made = (await world.facts(sent["commitment_id"]))[-1]
    assert (made[0], made[2]["contact_id"], made[2]["language"]) == ("commitment_made", contact, "fr")
    assert (await net.commit(links["open"]))["ordinal"] == 1


async def _invitations(net: Any, campaigns: dict[str, str]) -> dict[str, Any]:
    return {
        name: (await net.get(f"/v1/campaigns/{campaign_id}/invitations"))["items"][0]
        for name, campaign_id in campaigns.items()
    }


async def test_whoever_is_invited_while_the_contact_is_erased_is_asked_by_the_new_one(world: Any, net: Any) -> None:
    await net.register(1)
    asked, asking = await net.campaign(), await net.campaign()
    await net.invite_all(asked)
    before = (await _invitations(net, {"asked": asked}))["asked"]
    path = f"/v1/local-governments/{before['local_government_id']}/contact"

    async def replace() -> Any:
        await net.post(f"/v1/people/{before['contact_id']}/erasure", {}, expect=202)
        return await net.post(path, CORRECT, expect=200)

    async with world.database.transaction() as session:
        # An invitation refers to its local government: it is chosen now, and written when this transaction is over.
        held = text("SELECT FROM local_government WHERE id = :id FOR UPDATE")
        await (await session.connection()).execute(held, {"id": UUID(before["local_government_id"])})
        inviting, replacing = asyncio.create_task(net.invite_all(asking)), None
        while len(waiting := await world.rows(WAITING)) < 2:
            if waiting and replacing is None:
                replacing = asyncio.create_task(replace())
            await asyncio.sleep(0.01)
    await inviting
    assert replacing
    contact = (await replacing)["contact_id"]
    after = await _invitations(net, {"asked": asked, "asking": asking})
    assert [item["contact_id"] for item in after.values()] == [contact, contact]


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
