"""What the sender does with what is queued: once each, again after a death, never half, never to an erased person."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from polity_chassis.authorization.links import verify
from polity_chassis.ids import new_id
from polity_local.testing.parts import SmtpSink
from polity_notifications.domain.deliveries import Limits, Status
from polity_notifications.mail.smtp import NotTaken

LIMITS = Limits(fresh=timedelta(days=14), waiting=timedelta(days=7))


async def subject_of(world: Any) -> None:
    await world.apply(world.founded(), world.registered(), world.opened())


async def test_an_invitation_arrives_with_its_link_and_is_never_sent_twice(world: Any, mails: Any) -> None:
    contact = new_id()
    invited = world.invited(contact)
    await subject_of(world)
    await world.apply(world.person(contact, language="es"), invited)
    assert await world.send() == 1
    await world.apply(invited)
    world.clock.forward(hours=1)
    assert await world.send() == 0
    (mail,) = mails()
    (row,) = await world.deliveries()
    assert mail["To"] == "Ana Ruiz <ana@example.org>"
    assert mail["Message-ID"] == f"<{row['delivery_id']}@example.net>"
    assert (row["status"], row["attempts"], row["failure"]) == ("sent", 1, None)
    text = mail.get_body(("plain",)).get_content()
    token = text.split("http://localhost:8080/es/answer/")[1].split()[0]
    proven = verify(world.settings.answer_link_keys, "answer", token)
    assert (proven.id, proven.generation) == (invited.fact.invitation_id, 1)


async def test_nothing_is_sent_before_all_it_says_is_known(world: Any, mails: Any) -> None:
    contact = new_id()
    await world.apply(world.person(contact), world.invited(contact))
    for fact in (world.registered(), world.opened(), world.founded()):
        await world.send()
        assert mails() == []
        (row,) = await world.deliveries()
        assert (row["status"], row["attempts"], row["failure"]) == ("queued", 0, "incomplete")
        await world.apply(fact)
        world.clock.forward(hours=1)
    await world.send()
    assert [mail["Subject"] for mail in mails()] == ["Invitation to join: Rights Cities"]


async def test_what_stays_incomplete_is_tried_ever_more_rarely_and_ends_visibly(world: Any, mails: Any) -> None:
    contact = new_id()
    await world.apply(world.person(contact), world.invited(contact))
    tries, ends = 0, world.clock.now + LIMITS.waiting
    while world.clock.now < ends:
        tries += await world.send()
        (row,) = await world.deliveries()
        world.clock.now = max(row["due_at"], world.clock.now + timedelta(seconds=1))
    # Every quarter of an hour for a week, and some at the beginning.
    assert tries < 7 * 24 * 4 + 20
    await world.expire()
    (row,) = await world.deliveries()
    assert (row["status"], row["failure"], row["attempts"], mails()) == ("expired", "incomplete", 0, [])


async def test_thanks_and_news_arrive(world: Any, mails: Any) -> None:
    contact, person = new_id(), new_id()
    await subject_of(world)
    await world.apply(world.person(contact), world.person(person, "office@example.org"), world.granted(person))
    await world.apply(world.committed(contact, 10), world.reached(10))
    await world.send()
    assert sorted((mail["To"].addresses[0].addr_spec, mail["Subject"]) for mail in mails()) == [
        ("ana@example.org", "Thank you for joining: Rights Cities"),
        ("office@example.org", "Milestone 10 reached: Rights Cities"),
    ]


async def test_several_senders_share_the_work_and_send_each_mail_once(world: Any, smtp_sink: SmtpSink) -> None:
    contacts = [new_id() for _ in range(60)]
    await subject_of(world)
    await world.apply(*(world.person(contact, f"{contact}@example.org") for contact in contacts))
    await world.apply(*(world.invited(contact) for contact in contacts))
    taken = await asyncio.gather(*(world.send() for _ in range(4)))
    assert sum(taken) == 60
    assert sum(1 for some in taken if some) > 1
    received = Counter(recipient for _, recipients, _ in smtp_sink.messages for recipient in recipients)
    assert received == Counter(f"{contact}@example.org" for contact in contacts)


async def test_a_sender_killed_after_the_server_took_the_mail_repeats_that_one_only(
    world: Any, mails: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    contacts = [new_id() for _ in range(3)]
    await subject_of(world)
    for number, contact in enumerate(contacts):
        await world.apply(world.person(contact, f"city{number}@example.org"), world.invited(contact))
        world.clock.forward(seconds=1)
    dying = world.sender()
    noted = type(dying)._sent
    calls = iter(range(3))

    class Killed(BaseException):
        pass

    async def killed_at_the_second(self: Any, letter: Any) -> None:
        if next(calls) == 1:
            raise Killed
        await noted(self, letter)

    with monkeypatch.context() as patched:
        patched.setattr(type(dying), "_sent", killed_at_the_second)
        with pytest.raises(Killed):
            await dying.send_some()
    assert await world.send() == 0
    world.clock.forward(seconds=46)
    await world.send()
    ids = Counter((mail["To"].addresses[0].addr_spec, mail["Message-ID"]) for mail in mails())
    assert sorted((address, count) for (address, _), count in ids.items()) == [
        ("city0@example.org", 1), ("city1@example.org", 2), ("city2@example.org", 1),
    ]  # fmt: skip
    assert await world.statuses() == ["sent"] * 3


async def test_a_sender_that_is_stopped_notes_the_mail_it_has_in_hand(world: Any, mails: Any) -> None:
    contact = new_id()
    await subject_of(world)
    await world.apply(world.person(contact), world.invited(contact))
    sending = asyncio.create_task(world.sender().run())
    while not mails():  # noqa: ASYNC110
        await asyncio.sleep(0)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    assert await world.statuses() == ["sent"]


@pytest.mark.parametrize(("code", "status"), [(550, "failed"), (451, "queued")])
async def test_a_refusal_is_final_or_tried_again_and_stops_nobody_else(
    world_refused: Any, refusing: Any, code: int, status: str
) -> None:
    world, refused, other = world_refused, new_id(), new_id()
    await subject_of(world)
    await world.apply(world.person(refused, f"refuse-{code}@example.org"), world.invited(refused))
    world.clock.forward(seconds=1)
    await world.apply(world.person(other), world.invited(other))
    await world.send()
    by_person = {row["person_id"]: row for row in await world.deliveries()}
    assert (by_person[refused]["status"], by_person[refused]["failure"]) == (status, f"smtp {code}")
    assert (by_person[other]["status"], refusing.kept) == ("sent", ["ana@example.org"])
    assert await world.send() == 0
    world.clock.forward(seconds=6)
    assert await world.send() == (status == "queued")


async def test_a_mail_server_that_is_away_is_waited_for(
    world: Any, mails: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    contact = new_id()
    await subject_of(world)
    await world.apply(world.person(contact), world.invited(contact))
    away = world.sender()
    monkeypatch.setattr(away.connection, "settings", world.settings.model_copy(update={"smtp_port": 1}))
    await away.send_some()
    (row,) = await world.deliveries()
    assert (row["status"], row["failure"], row["attempts"]) == ("queued", "no connection", 1)
    world.clock.forward(seconds=6)
    await world.send()
    assert len(mails()) == 1
    with pytest.raises(NotTaken):
        await away.connection._connected()


@pytest.mark.parametrize(
    ("changed", "failure"),
    [
        ({"name": "Ana\r\nBcc: spy@example.org"}, "unsafe header"),
        ({"email": "ana@example.org, spy@example.org"}, "unsafe address"),
        ({"email": "ana@example.org\r\nRCPT TO:<spy@example.org>"}, "unsafe address"),
    ],
)
async def test_what_would_reach_a_second_recipient_is_not_sent(
    world: Any, smtp_sink: SmtpSink, changed: dict[str, str], failure: str
) -> None:
    contact = new_id()
    await subject_of(world)
    await world.apply(world.person(contact, **changed), world.invited(contact))
    await world.send()
    (row,) = await world.deliveries()
    assert (row["status"], row["failure"]) == ("failed", failure)
    assert smtp_sink.messages == []


async def test_an_invitation_past_its_deadline_is_not_mailed(world: Any, mails: Any) -> None:
    contact = new_id()
    await subject_of(world)
    await world.apply(world.person(contact), world.invited(contact, days=-1))
    await world.send()
    await world.expire()
    assert (await world.statuses(), mails()) == (["expired"], [])


async def test_a_person_erased_before_the_sender_looks_gets_no_mail(world: Any, mails: Any) -> None:
    contact = new_id()
    await subject_of(world)
    await world.apply(world.person(contact), world.invited(contact))
    await world.apply(world.erased(contact))
    await world.send()
    assert (await world.statuses(), mails()) == ([Status.CANCELLED_ERASED], [])


async def test_a_demonstration_says_so_in_every_mail(world: Any, mails: Any) -> None:
    contact, person = new_id(), new_id()
    await world.apply(world.founded(demonstration=True), world.registered(), world.opened())
    await world.apply(world.person(contact), world.person(person), world.granted(person))
    await world.apply(world.invited(contact), world.committed(contact), world.reached())
    await world.send()
    assert len(mails()) == 3
    for mail in mails():
        assert mail["Subject"].startswith("[Demonstration data] ")
        for kind in ("plain", "html"):
            assert "demonstration data" in mail.get_body((kind,)).get_content()
