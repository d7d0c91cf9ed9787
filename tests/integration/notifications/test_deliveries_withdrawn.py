"""What was withdrawn, answered or overtaken before its mail was sent is not mailed, and says why."""

from datetime import timedelta
from typing import Any

import pytest
from polity_chassis.ids import new_id
from sqlalchemy import text


async def known(world: Any, **changed: Any) -> Any:
    """Returns the invitation of a city whose contact's address is known."""
    contact = new_id()
    invited = world.invited(contact, **changed)
    await world.apply(world.founded(), world.registered(), world.opened(), world.person(contact), invited)
    return invited


async def statuses(world: Any) -> dict[str, str]:
    return {row["kind"]: row["status"] for row in await world.deliveries()}


async def test_what_was_revoked_before_it_is_sent_is_not_mailed(world: Any, mails: Any) -> None:
    invited = await known(world)
    await world.apply(world.extended(invited), world.revoked(invited, 2))
    assert await world.statuses() == ["cancelled_revoked"] * 2
    assert await world.send() == 0
    assert mails() == []


PLEDGE = new_id()


def submitted(world: Any, invited: Any) -> list[Any]:
    return [world.submitted(invited, PLEDGE)]


def returned(world: Any, invited: Any) -> list[Any]:
    return [*submitted(world, invited), world.returned(invited, PLEDGE)]


def confirmed(world: Any, invited: Any) -> list[Any]:
    return [*submitted(world, invited), world.committed(invited.fact.contact_id, by=invited, pledge=PLEDGE)]


def withdrawn(world: Any, invited: Any) -> list[Any]:
    made = world.committed(invited.fact.contact_id, by=invited)
    return [made, world.withdrawn(made)]


def sent_again(world: Any, invited: Any) -> list[Any]:
    first = returned(world, invited)
    world.clock.forward(seconds=1)
    return [*first, world.submitted(invited, PLEDGE)]


HAPPENED = {
    "it was declined": (lambda w, i: [w.declined(i)], {"invitation": "cancelled_answered"}),
    "a pledge was sent": (submitted, {"invitation": "cancelled_answered", "received": "sent"}),
    "its pledge counts": (
        lambda w, i: [w.committed(i.fact.contact_id, by=i)], {"invitation": "cancelled_answered", "thank_you": "sent"},
    ),
    "its pledge of an earlier wave counts": (
        lambda w, i: [w.committed(None, by=i, imported=True)], {"invitation": "cancelled_answered"},
    ),
    "its pledge was confirmed": (
        confirmed, {"invitation": "cancelled_answered", "received": "cancelled_answered", "thank_you": "sent"},
    ),
    "its pledge was returned": (returned, {"invitation": "sent", "received": "cancelled_answered", "returned": "sent"}),
    "its pledge was withdrawn": (withdrawn, {"invitation": "cancelled_answered", "thank_you": "cancelled_revoked"}),
    "time was given after a no": (
        lambda w, i: [w.declined(i), w.extended(i)], {"invitation": "cancelled_answered", "extension": "sent"},
    ),
    "a no was taken back": (lambda w, i: [w.declined(i), w.reconsidered(i)], {"invitation": "sent"}),
}  # fmt: skip


@pytest.mark.parametrize(("happened", "expected"), HAPPENED.values(), ids=HAPPENED)
async def test_what_no_longer_holds_is_not_mailed(world: Any, mails: Any, happened: Any, expected: Any) -> None:
    invited = await known(world)
    await world.apply(*happened(world, invited))
    await world.send()
    assert await statuses(world) == expected
    assert len(mails()) == sum(status == "sent" for status in expected.values())


async def test_of_what_was_sent_twice_the_newest_is_told_alone(world: Any, mails: Any) -> None:
    invited = await known(world)
    await world.apply(*sent_again(world, invited))
    await world.send()
    rows = [(row["kind"], row["status"]) for row in await world.deliveries()]
    assert sorted(rows) == [
        ("invitation", "cancelled_answered"), ("received", "cancelled_answered"), ("received", "sent"),
        ("returned", "cancelled_answered"),
    ]  # fmt: skip
    assert [mail["Subject"] for mail in mails()] == ["We received your pledge: Rights Cities"]


async def test_a_pledge_known_before_its_invitation_answers_it(world: Any, mails: Any) -> None:
    contact = new_id()
    invited = world.invited(contact)
    await world.apply(world.person(contact), world.submitted(invited, PLEDGE), invited)
    assert await statuses(world) == {"invitation": "cancelled_answered", "received": "queued"}


async def test_what_came_too_early_is_taken_back_by_what_came_late(world: Any, mails: Any) -> None:
    """Time is given after a return; the facts of the pledge come last."""
    invited = await known(world)
    sent, back = world.submitted(invited, PLEDGE), world.returned(invited, PLEDGE)
    await world.apply(sent, world.extended(invited))
    assert (await statuses(world))["extension"] == "cancelled_answered"
    await world.apply(back)
    assert (await statuses(world))["extension"] == "queued"
    await world.send()
    assert {"More time to answer: Rights Cities"} <= {mail["Subject"] for mail in mails()}


async def test_each_mail_is_asked_about_right_before_it_is_handed_over(world: Any, mails: Any) -> None:
    """Both are taken together; while the first is with the mail server the second is withdrawn."""
    first = await known(world)
    second = world.invited(first.fact.contact_id)
    world.clock.forward(seconds=1)
    await world.apply(second)
    sender = world.sender()
    handed_over = sender.connection.send

    async def meanwhile(posted: Any) -> None:
        await world.apply(world.revoked(second, 2))
        await handed_over(posted)

    sender.connection = type("Slow", (), {"send": staticmethod(meanwhile)})()
    assert await sender.send_some() == 2
    assert (await world.statuses(), len(mails())) == (["cancelled_revoked", "sent"], 1)


async def test_a_deadline_that_passes_in_a_senders_hand_ends_the_mail(world: Any, mails: Any) -> None:
    first = await known(world)
    world.clock.forward(seconds=1)
    await world.apply(world.invited(first.fact.contact_id, days=10 / 24 / 3600))
    sender = world.sender()
    handed_over = sender.connection.send

    async def slowly(posted: Any) -> None:
        await handed_over(posted)
        world.clock.forward(seconds=15)

    sender.connection = type("Slow", (), {"send": staticmethod(slowly)})()
    assert await sender.send_some() == 2
    assert (await world.statuses(), len(mails())) == (["expired", "sent"], 1)


async def test_who_left_the_secretariat_hears_of_no_milestone_any_more(world: Any, mails: Any) -> None:
    stays, leaves = new_id(), new_id()
    mandate = world.granted(leaves)
    await world.apply(world.founded(), world.registered(), world.opened(), world.granted(stays), mandate)
    await world.apply(world.person(stays, "stays@example.org"), world.person(leaves, "leaves@example.org"))
    await world.apply(world.reached(10))
    await world.apply(world.ended(mandate, hours=0.1))
    await world.send()
    found = {row["person_id"]: row["status"] for row in await world.deliveries()}
    assert found == {stays: "sent", leaves: "cancelled_revoked"}
    assert [mail["To"] for mail in mails()] == ["Ana Ruiz <stays@example.org>"]


async def test_a_return_whose_deadline_is_over_expires_and_is_sent_again_once_there_is_more_time(
    world: Any, mails: Any
) -> None:
    invited = await known(world, days=1)
    await world.send()
    await world.apply(*returned(world, invited))
    world.clock.forward(days=2)
    await world.send()
    assert (await statuses(world))["returned"] == "expired"
    assert len(mails()) == 1


async def test_more_time_lets_an_unsent_invitation_wait_longer(world: Any, mails: Any) -> None:
    invited = await known(world, days=1)
    await world.apply(world.extended(invited, days=5))
    world.clock.forward(days=2)
    await world.expire()
    await world.send()
    assert await statuses(world) == {"invitation": "sent", "extension": "sent"}
    deadlines = {row["expires_at"] - row["asked_at"] for row in await world.deliveries()}
    assert deadlines == {timedelta(days=5)}


async def test_an_erasure_overrides_every_other_end(world: Any) -> None:
    invited = await known(world)
    await world.apply(world.revoked(invited, 2), world.erased(invited.fact.contact_id))
    assert await statuses(world) == {"invitation": "cancelled_erased"}


async def test_nothing_that_was_sent_failed_or_expired_is_changed_by_later_facts(world: Any) -> None:
    invited = await known(world)
    for status in ("sent", "failed", "expired"):
        async with world.database.engine.begin() as connection:
            await connection.execute(text("UPDATE delivery SET status = :status"), {"status": status})
        await world.apply(world.revoked(invited, 2))
        assert await statuses(world) == {"invitation": status}
