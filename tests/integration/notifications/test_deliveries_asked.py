"""Which facts make which deliveries, whatever comes first."""

from datetime import timedelta
from itertools import permutations
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from polity_chassis.ids import new_id
from sqlalchemy import text

ORDERS = list(permutations(range(3)))


async def test_a_repeated_fact_asks_for_one_mail(world: Any) -> None:
    contact = new_id()
    invited = world.invited(contact, traceparent=f"00-{'a' * 32}-{'b' * 16}-01")
    await world.apply(world.person(contact), invited, invited)
    await world.apply(invited)
    (row,) = await world.deliveries()
    assert (row["kind"], row["status"], row["person_id"]) == ("invitation", "queued", contact)
    assert row["traceparent"] == f"00-{'a' * 32}-{'b' * 16}-01"


async def test_a_delivery_waits_for_its_address(world: Any) -> None:
    contact = new_id()
    await world.apply(world.invited(contact))
    assert await world.statuses() == ["waiting_address"]
    await world.apply(world.person(contact, email=None))
    assert await world.statuses() == ["waiting_address"]
    await world.apply(world.person(contact))
    assert await world.statuses() == ["queued"]


@pytest.mark.parametrize("erased_first", [True, False])
async def test_an_erasure_cancels_what_was_and_what_will_be_asked_for(world: Any, erased_first: bool) -> None:
    contact = new_id()
    recorded, erased, invited = world.person(contact), world.erased(contact), world.invited(contact)
    await world.apply(*((recorded, erased, invited) if erased_first else (recorded, invited, erased)))
    await world.apply(world.committed(contact))
    assert await world.statuses() == ["cancelled_erased", "cancelled_erased"]


async def test_an_erased_person_leaves_an_id_and_nothing_else(world: Any) -> None:
    contact = new_id()
    await world.apply(world.person(contact), world.erased(contact), world.person(contact))
    async with world.database.engine.connect() as connection:
        row = (await connection.execute(text("SELECT * FROM person"))).one()
    assert (row.person_id, row.name, row.email, row.language) == (contact, None, None, None)
    assert row.erased_at is not None


@pytest.mark.parametrize("order", ORDERS)
async def test_a_milestone_reaches_its_secretariat_whatever_comes_first(world: Any, order: tuple[int, ...]) -> None:
    person = new_id()
    facts = [world.granted(person), world.reached(10), world.person(person)]
    for place in order:
        await world.apply(facts[place])
    (row,) = await world.deliveries()
    assert (row["kind"], row["threshold"], row["person_id"], row["status"]) == ("milestone", 10, person, "queued")


async def test_a_person_with_two_mandates_hears_of_each_milestone_once(world: Any) -> None:
    person = new_id()
    await world.apply(world.granted(person), world.granted(person), world.reached(10), world.reached(100))
    assert sorted(row["threshold"] for row in await world.deliveries()) == [10, 100]


async def test_only_who_was_in_office_at_that_moment_hears_of_a_milestone(world: Any) -> None:
    before, after, other = world.granted(new_id()), world.granted(new_id(), hours=1), world.granted(new_id(), role="x")
    there = world.granted(new_id())
    await world.apply(before, world.ended(before, hours=-0.5), other, there)
    await world.apply(world.reached(10), after, world.ended(there, hours=0.5))
    assert [row["person_id"] for row in await world.deliveries()] == [there.fact.person_id]


async def test_a_commitment_without_a_contact_thanks_nobody(world: Any) -> None:
    await world.apply(world.committed(None))
    assert await world.deliveries() == []


async def test_each_extension_asks_for_one_mail_and_moves_the_deadline(world: Any, mails: Any) -> None:
    contact = new_id()
    invited = world.invited(contact, days=1)
    await world.apply(world.founded(), world.registered(), world.opened(), world.person(contact), invited)
    await world.send()
    world.clock.forward(days=2)
    first = world.extended(invited, days=10)
    await world.apply(first, first)
    await world.apply(first)
    world.clock.forward(days=1)
    await world.apply(world.extended(invited, days=20))
    asked = [row for row in await world.deliveries() if row["kind"] == "extension"]
    assert [(row["status"], row["invitation_id"]) for row in asked] == [("queued", invited.fact.invitation_id)] * 2
    before = len(mails())
    await world.send()
    (*_, last) = mails()[before:]
    assert last["subject"] == "More time to answer: Rights Cities"
    deadline = (world.clock.now + timedelta(days=20)).astimezone(ZoneInfo("Europe/Paris"))
    text = last.get_body(("plain",)).get_content()
    assert f"{deadline.day} {deadline:%B} {deadline.year}" in text
    assert "/en/answer/" in text


async def test_a_submission_and_its_return_are_one_mail_each_time(world: Any) -> None:
    contact, pledge = new_id(), new_id()
    invited = world.invited(contact)
    sent, back = world.submitted(invited, pledge), world.returned(invited, pledge)
    world.clock.forward(hours=1)
    again = world.submitted(invited, pledge)
    await world.apply(invited, world.person(contact), sent, sent, back, again)
    kinds = sorted(row["kind"] for row in await world.deliveries())
    assert kinds == ["invitation", "received", "received", "returned"]


async def test_a_fact_too_old_for_its_effect_makes_no_mail(world: Any) -> None:
    contact, person = new_id(), new_id()
    invited = world.invited(contact)
    old = (
        invited, world.extended(invited), world.submitted(invited, new_id()), world.committed(contact),
        world.reached(10),
    )  # fmt: skip
    world.clock.forward(days=15)
    await world.apply(*old)
    await world.apply(world.granted(person, hours=-24 * 30))
    assert await world.deliveries() == []


async def test_what_cannot_be_sent_in_its_time_expires_visibly(world: Any) -> None:
    waiting, late = new_id(), new_id()
    await world.apply(world.person(late), world.invited(waiting), world.invited(late, days=1))
    world.clock.forward(days=2)
    await world.expire()
    assert await world.statuses() == ["expired", "waiting_address"]
    world.clock.forward(days=6)
    await world.expire()
    assert await world.statuses() == ["expired", "expired"]


async def test_what_was_brought_in_from_earlier_waves_makes_no_mail(world: Any) -> None:
    contact, secretary = new_id(), new_id()
    committed, reached = world.committed(contact), world.reached(10)
    brought_in = [one._replace(fact=one.fact.model_copy(update={"imported": True})) for one in (committed, reached)]
    await world.apply(world.person(contact), world.person(secretary), world.granted(secretary), *brought_in)
    await world.apply(world.granted(new_id()))
    assert await world.deliveries() == []
    await world.apply(world.committed(contact), world.reached(100))
    assert sorted(row["kind"] for row in await world.deliveries()) == ["milestone", "milestone", "thank_you"]


async def test_an_invitation_that_is_issued_again_is_mailed_to_its_new_contact(world: Any) -> None:
    erased, contact = new_id(), new_id()
    invited = world.invited(erased)
    again = invited.fact.model_copy(update={"contact_id": contact})
    await world.apply(world.erased(erased), invited, world.received(again.invitation_id, again))
    found = {row["person_id"]: row["status"] for row in await world.deliveries()}
    assert found == {erased: "cancelled_erased", contact: "waiting_address"}
