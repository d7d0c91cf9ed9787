"""Whose a mail is: nobody sends past their lease or overwrites what a later sender noted, whatever clocks say."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from polity_chassis.ids import new_id
from polity_local.testing.parts import SmtpSink
from polity_notifications.domain.deliveries import Status
from polity_notifications.mail.smtp import NotTaken
from polity_notifications.storage import mail_states
from sqlalchemy import text


async def invited(world: Any, number: int) -> list[str]:
    """Returns the addresses of so many cities that are invited, one a second."""
    addresses = [f"city{n}@example.org" for n in range(number)]
    await world.apply(world.founded(), world.registered(), world.opened())
    for address in addresses:
        contact = new_id()
        await world.apply(world.person(contact, address), world.invited(contact))
        world.clock.forward(seconds=1)
    return addresses


class Meanwhile:
    """A connection on which something happens while a mail is handed over; it then fails by `refusal`, or succeeds."""

    def __init__(self, happens: Any, refusal: NotTaken | None = None) -> None:
        self.happens, self.refusal = happens, refusal
        self.handed_over: list[str] = []

    async def send(self, posted: Any) -> None:
        self.handed_over.append(posted.recipient)
        await self.happens()
        if self.refusal:
            raise self.refusal


async def attempts(world: Any) -> list[str | None]:
    async with world.database.engine.connect() as connection:
        return list((await connection.execute(text("SELECT failure FROM delivery_attempt ORDER BY number"))).scalars())


async def test_a_sender_begins_no_mail_that_it_may_not_end_within_its_lease(world: Any, mails: Any) -> None:
    addresses = await invited(world, 3)
    slow = world.sender()

    async def takes_its_time() -> None:
        world.clock.forward(seconds=15)

    slow.connection = Meanwhile(takes_its_time)
    assert await slow.send_some() == 3
    # 15 s of 45 are gone after the first, 30 after the second: a third might take 25.
    assert slow.connection.handed_over == addresses[:2]
    assert await world.statuses() == ["queued", "sent", "sent"]
    world.clock.forward(seconds=16)
    assert await world.send() == 1
    assert [mail["To"].addresses[0].addr_spec for mail in mails()] == addresses[2:]


@pytest.mark.parametrize(
    ("newer", "older", "status", "failure"),
    [
        (NotTaken(451), NotTaken(550, for_good=True), "queued", "smtp 451"),
        (NotTaken(451), NotTaken(None), "queued", "smtp 451"),
        (NotTaken(550, for_good=True), NotTaken(451), "failed", "smtp 550"),
        (None, NotTaken(550, for_good=True), "sent", None),
    ],
    ids=["for good", "no connection", "refused already", "sent already"],
)
async def test_an_older_senders_refusal_changes_nothing_that_a_newer_one_noted(
    world: Any, newer: NotTaken | None, older: NotTaken, status: str, failure: str | None
) -> None:
    await invited(world, 1)
    later, noted = world.sender(), []

    async def the_lease_ends_and_another_sends() -> None:
        world.clock.forward(seconds=46)
        later.connection = Meanwhile(nothing, newer)
        assert await later.send_some() == 1
        noted.extend(await world.deliveries())

    first = world.sender()
    first.connection = Meanwhile(the_lease_ends_and_another_sends, older)
    await first.send_some()
    assert await world.deliveries() == noted
    assert [(row["status"], row["failure"], row["attempts"]) for row in noted] == [(status, failure, 1)]
    assert await attempts(world) == [failure]


async def nothing() -> None: ...


async def test_a_mail_taken_from_two_senders_is_noted_once(world: Any) -> None:
    await invited(world, 1)
    later = world.sender()
    later.connection = Meanwhile(nothing)

    async def the_lease_ends_and_another_sends() -> None:
        world.clock.forward(seconds=46)
        await later.send_some()

    first = world.sender()
    first.connection = Meanwhile(the_lease_ends_and_another_sends)
    await first.send_some()
    assert [(row["status"], row["attempts"]) for row in await world.deliveries()] == [("sent", 1)]
    assert await attempts(world) == [None]


async def test_what_the_server_took_after_its_end_was_noted_is_sent_all_the_same(world: Any) -> None:
    await invited(world, 1)

    async def it_expires() -> None:
        async with world.database.engine.begin() as connection:
            await connection.execute(text("UPDATE delivery SET status = 'expired'"))

    first = world.sender()
    first.connection = Meanwhile(it_expires)
    await first.send_some()
    assert await world.statuses() == ["sent"]


@pytest.mark.parametrize("off", [60, -60], ids=["ahead holds some", "behind holds some"])
async def test_two_senders_with_clocks_apart_send_every_mail_once(world: Any, smtp_sink: SmtpSink, off: int) -> None:
    addresses = await invited(world, 20)
    world.clock.forward(minutes=5)
    holding, other = (world.sender(world.runtime_off_by(seconds=by)) for by in (off, -off))
    handed_over = holding.connection.send

    async def holds_on(posted: Any) -> None:
        while await other.send_some():
            pass
        await handed_over(posted)

    holding.connection = type("Slow", (), {"send": staticmethod(holds_on)})()
    await holding.send_some()
    world.clock.forward(minutes=10)
    assert await holding.send_some() == await other.send_some() == 0
    received = Counter(recipient for _, recipients, _ in smtp_sink.messages for recipient in recipients)
    assert received == Counter(addresses)
    assert await world.statuses() == ["sent"] * 20


CLAIM_OF_0_1_0 = """
UPDATE delivery SET due_at = :until
 WHERE delivery_id IN (
       SELECT delivery_id FROM delivery
        WHERE status = 'queued' AND due_at <= :now AND expires_at > :now
        ORDER BY due_at LIMIT :most FOR NO KEY UPDATE SKIP LOCKED)
RETURNING delivery_id
"""


async def taken_by_the_release_before(world: Any) -> list[Any]:
    now = world.clock()
    async with world.database.engine.begin() as connection:
        values = {"now": now, "until": now + timedelta(seconds=45), "most": 10}
        return list(await connection.scalars(text(CLAIM_OF_0_1_0), values))


async def test_a_sender_of_the_release_before_takes_no_mail_that_one_of_now_has_in_hand(world: Any) -> None:
    await invited(world, 1)
    taken: list[Any] = []

    async def the_old_one_looks() -> None:
        taken.extend(await taken_by_the_release_before(world))

    sender = world.sender()
    sender.connection = Meanwhile(the_old_one_looks)
    assert await sender.send_some() == 1
    assert taken == []


async def test_nor_one_that_was_cancelled_and_queued_again_meanwhile(world: Any) -> None:
    """Its deadline is put off, its pledge returned: what asks for an answer holds once more."""
    await invited(world, 1)
    [row] = await world.deliveries()
    taken: list[Any] = []

    async def it_is_cancelled_and_queued_and_the_old_one_looks() -> None:
        for status in (Status.CANCELLED_ANSWERED, Status.QUEUED):
            async with world.database.transaction() as session:
                await mail_states.change(session, {row["delivery_id"]: status})
        assert await world.statuses() == ["queued"]
        taken.extend(await taken_by_the_release_before(world))

    sender = world.sender()
    sender.connection = Meanwhile(it_is_cancelled_and_queued_and_the_old_one_looks)
    assert await sender.send_some() == 1
    assert (taken, await world.statuses()) == ([], ["sent"])
