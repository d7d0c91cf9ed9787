"""Which mails still hold, whatever was learnt in which order."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from polity_notifications.domain.deliveries import Kind, Status
from polity_notifications.domain.validity import (
    MailState,
    ResendRefused,
    cancelled_by,
    check_resend,
    ended_by,
    unsent_status,
)
from polity_portal.i18n.wording import MAIL_STATUSES
from polity_portal.office.campaign import MailList

NOW = datetime(2030, 3, 1, tzinfo=UTC)
REVOKED, ANSWERED = Status.CANCELLED_REVOKED, Status.CANCELLED_ANSWERED


def mail(kind: Kind, **changed: Any) -> MailState:
    values: dict[str, Any] = {
        "kind": kind.value, "status": "queued", "sequence": 5, "sent_at": None, "addressed": True, "erased": False,
        "in_office": True, "link_generation": 1, "reply_by": NOW + timedelta(days=1), "declined": False,
        "declined_sequence": None, "counted": False, "pledge": None, "pledge_sequence": None, "at": NOW,
    }  # fmt: skip
    return MailState(**{**values, **changed})


def pledge(of: str, sequence: int) -> dict[str, Any]:
    return {"pledge": of, "pledge_sequence": sequence, "counted": of in ("made", "withdrawn")}


HOLDS: dict[str, MailState] = {
    "an invitation without an answer": mail(Kind.INVITATION),
    "an invitation whose facts are still to come": mail(Kind.INVITATION, link_generation=None, reply_by=None),
    "an invitation to whom a pledge was returned": mail(Kind.INVITATION, **pledge("returned", 2)),
    "an extension after a no": mail(Kind.EXTENSION, declined=True, declined_sequence=4),
    "an extension after a return": mail(Kind.EXTENSION, **pledge("returned", 2)),
    "a receipt of the newest submission": mail(Kind.RECEIVED, **pledge("submitted", 5)),
    "a receipt after an earlier no": mail(Kind.RECEIVED, declined=True, declined_sequence=9, **pledge("submitted", 5)),
    "a receipt whose deadline is over": mail(Kind.RECEIVED, reply_by=NOW, **pledge("submitted", 5)),
    "the newest return": mail(Kind.RETURNED, **pledge("returned", 5)),
    "the thank-you of a pledge that stands": mail(Kind.THANK_YOU, **pledge("made", 5)),
    "a thank-you though the deadline is over": mail(Kind.THANK_YOU, reply_by=NOW, **pledge("made", 5)),
    "a thank-you of the release before": mail(Kind.THANK_YOU, sequence=None, counted=True),
    "a milestone": mail(Kind.MILESTONE, link_generation=None, reply_by=None),
}
ENDED: dict[str, tuple[MailState, Status, str]] = {
    "an erased reader": (mail(Kind.INVITATION, erased=True), Status.CANCELLED_ERASED, "mail_reader_erased"),
    "a revoked invitation": (mail(Kind.INVITATION, link_generation=2), REVOKED, "mail_invitation_revoked"),
    "a revoked extension": (mail(Kind.EXTENSION, link_generation=2), REVOKED, "mail_invitation_revoked"),
    "a return by a dead link": (
        mail(Kind.RETURNED, link_generation=2, **pledge("returned", 5)), REVOKED, "mail_invitation_revoked",
    ),
    "a declined invitation": (
        mail(Kind.INVITATION, declined=True, declined_sequence=6), ANSWERED, "mail_invitation_declined",
    ),
    "one declined before numbers were kept": (
        mail(Kind.INVITATION, declined=True), ANSWERED, "mail_invitation_declined",
    ),
    "an invitation with a pledge": (mail(Kind.INVITATION, **pledge("submitted", 1)), ANSWERED, "mail_pledge_given"),
    "one whose pledge counts": (mail(Kind.INVITATION, **pledge("made", 1)), ANSWERED, "mail_invitation_answered"),
    "one whose pledge counted before numbers were kept": (
        mail(Kind.INVITATION, counted=True), ANSWERED, "mail_invitation_answered",
    ),
    "one whose pledge was withdrawn": (
        mail(Kind.INVITATION, **pledge("withdrawn", 2)), ANSWERED, "mail_invitation_answered",
    ),
    "an extension with a pledge": (mail(Kind.EXTENSION, **pledge("submitted", 1)), ANSWERED, "mail_pledge_given"),
    "a receipt of what was returned": (mail(Kind.RECEIVED, **pledge("returned", 6)), ANSWERED, "mail_pledge_returned"),
    "a receipt of what counts": (mail(Kind.RECEIVED, **pledge("made", 6)), ANSWERED, "mail_invitation_answered"),
    "an earlier receipt": (mail(Kind.RECEIVED, **pledge("submitted", 7)), ANSWERED, "mail_pledge_given"),
    "a return of what was sent again": (mail(Kind.RETURNED, **pledge("submitted", 6)), ANSWERED, "mail_pledge_given"),
    "a thank-you for what was withdrawn": (
        mail(Kind.THANK_YOU, **pledge("withdrawn", 6)), REVOKED, "mail_pledge_withdrawn",
    ),
    "news for who has left": (mail(Kind.MILESTONE, in_office=False), REVOKED, "mail_mandate_ended"),
    "an invitation past its deadline": (mail(Kind.INVITATION, reply_by=NOW), Status.EXPIRED, "mail_deadline_passed"),
    "a return past its deadline": (
        mail(Kind.RETURNED, reply_by=NOW, **pledge("returned", 5)), Status.EXPIRED, "mail_deadline_passed",
    ),
}  # fmt: skip


@pytest.mark.parametrize("state", HOLDS.values(), ids=HOLDS)
def test_what_holds_is_sent(state: MailState) -> None:
    assert ended_by(state) is None
    assert unsent_status(state) == Status.QUEUED


@pytest.mark.parametrize(("state", "status", "slug"), ENDED.values(), ids=ENDED)
def test_what_does_not_hold_ends_for_its_reason(state: MailState, status: Status, slug: str) -> None:
    end = ended_by(state)
    assert end
    assert (end.status, end.slug) == (status, slug)


def test_time_and_an_office_are_looked_at_when_it_is_sent_alone() -> None:
    assert cancelled_by(mail(Kind.INVITATION, reply_by=NOW)) is None
    assert cancelled_by(mail(Kind.MILESTONE, in_office=False)) is None


def test_what_was_not_sent_waits_for_an_address_or_is_what_its_facts_say() -> None:
    assert unsent_status(mail(Kind.INVITATION, addressed=False)) == Status.WAITING_ADDRESS
    assert unsent_status(mail(Kind.INVITATION, addressed=False, link_generation=2)) == REVOKED


def refused(state: MailState) -> str:
    with pytest.raises(ResendRefused) as refusal:
        check_resend(state)
    return refusal.value.slug


@pytest.mark.parametrize(("state", "_", "slug"), ENDED.values(), ids=ENDED)
def test_what_does_not_hold_is_refused_to_be_sent_again(state: MailState, _: Status, slug: str) -> None:
    settled = {name: getattr(state, name) for name in MailState.__dataclass_fields__} | {"status": "failed"}
    assert refused(MailState(**settled)) == slug


def test_what_is_under_way_is_refused_to_be_sent_again() -> None:
    assert refused(mail(Kind.INVITATION)) == "mail_under_way"
    assert refused(mail(Kind.INVITATION, status="waiting_address")) == "mail_under_way"
    just_now = mail(Kind.INVITATION, status="sent", sent_at=NOW - timedelta(minutes=9))
    assert refused(just_now) == "mail_sent_just_now"
    check_resend(mail(Kind.INVITATION, status="sent", sent_at=NOW - timedelta(minutes=10)))


def test_the_offices_pages_have_words_for_every_status_and_list_by_it() -> None:
    assert MAIL_STATUSES.keys() == {"", *Status}
    assert all(MailList(status=status).status == status for status in MAIL_STATUSES)
