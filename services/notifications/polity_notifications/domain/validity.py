"""Whether a mail still holds: asked when a fact comes, again at the moment of sending, and before it is sent once more.

An invitation's facts and those of its pledge have two keys and come in any order. So the answer depends on all that is
known and on nothing else: a mail that was cancelled is queued again if a late fact says that it holds after all.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar

from polity_notifications.domain.deliveries import LINKED, WITH_DEADLINE, Kind, Status

OF_PLEDGE = frozenset({Kind.RECEIVED, Kind.RETURNED, Kind.THANK_YOU})
"""The mails that tell what became of a pledge: each holds while nothing newer became of it."""
RESENT_AFTER = timedelta(minutes=10)
"""A mail that was taken so short a time ago is still under way: asking again would only send it twice."""


class Pledge(StrEnum):
    """The last that is known of the pledge that answers an invitation."""

    SUBMITTED = "submitted"
    RETURNED = "returned"
    MADE = "made"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class End:
    """How a mail that no longer holds ends, and the name of the problem that refuses to send it once more."""

    status: Status
    slug: str


ERASED = End(Status.CANCELLED_ERASED, "mail_reader_erased")
REVOKED = End(Status.CANCELLED_REVOKED, "mail_invitation_revoked")
PLEDGE_WITHDRAWN = End(Status.CANCELLED_REVOKED, "mail_pledge_withdrawn")
LEFT = End(Status.CANCELLED_REVOKED, "mail_mandate_ended")
COUNTED = End(Status.CANCELLED_ANSWERED, "mail_invitation_answered")
DECLINED = End(Status.CANCELLED_ANSWERED, "mail_invitation_declined")
GIVEN = End(Status.CANCELLED_ANSWERED, "mail_pledge_given")
PLEDGE_RETURNED = End(Status.CANCELLED_ANSWERED, "mail_pledge_returned")
OVERDUE = End(Status.EXPIRED, "mail_deadline_passed")

_ANSWERED = {Pledge.SUBMITTED: GIVEN, Pledge.MADE: COUNTED, Pledge.WITHDRAWN: COUNTED}
"""What ends a mail that asks for an answer; a pledge that was returned is asked for again."""
_OVERTAKEN = {**_ANSWERED, Pledge.RETURNED: PLEDGE_RETURNED, Pledge.WITHDRAWN: PLEDGE_WITHDRAWN}
"""What ends a mail that told something earlier of the pledge."""


@dataclass(frozen=True, slots=True)
class MailState:
    """A mail with all that decides whether it holds; from `link_generation` to `pledge_sequence` of its invitation.

    `sequence` is the number of the fact that asked for it, None for mails asked for by the release that kept none.
    """

    kind: str
    status: str
    sequence: int | None
    sent_at: datetime | None
    addressed: bool
    erased: bool
    in_office: bool
    """Of a milestone's reader: whether they still are of the secretariat."""
    link_generation: int | None
    reply_by: datetime | None
    declined: bool
    declined_sequence: int | None
    counted: bool
    """A pledge by this invitation counts, or did."""
    pledge: str | None
    pledge_sequence: int | None
    at: datetime
    """The instant, by the database's clock, at which all this was so."""


def cancelled_by(mail: MailState) -> End | None:
    """Returns what facts have ended the mail, None while it holds; time plays no part in it."""
    if mail.erased:
        return ERASED
    if mail.kind in LINKED and (mail.link_generation or 1) > 1:
        # A link begins with generation 1, and only its revocation makes another.
        return REVOKED
    if mail.kind in OF_PLEDGE:
        return _overtaken(mail)
    return None if mail.kind == Kind.MILESTONE else _answered(mail)


def ended_by(mail: MailState) -> End | None:
    """Returns why the mail is not to be sent at this moment, None if it is."""
    if end := cancelled_by(mail):
        return end
    if mail.kind == Kind.MILESTONE and not mail.in_office:
        return LEFT
    if mail.kind in WITH_DEADLINE and mail.reply_by and mail.reply_by <= mail.at:
        return OVERDUE
    return None


def unsent_status(mail: MailState) -> Status:
    """Returns the status that a mail has which was not sent yet: cancelled, queued, or waiting for its address."""
    if end := cancelled_by(mail):
        return end.status
    return Status.QUEUED if mail.addressed else Status.WAITING_ADDRESS


def _answered(mail: MailState) -> End | None:
    if mail.pledge in _ANSWERED:
        return _ANSWERED[Pledge(mail.pledge)]
    if mail.counted:
        return COUNTED
    # Time may be given to a city that has said no: what is asked for after its answer asks for another one.
    return DECLINED if mail.declined and _later(mail.declined_sequence, mail) else None


def _overtaken(mail: MailState) -> End | None:
    if mail.pledge and mail.sequence is not None and _later(mail.pledge_sequence, mail):
        return _OVERTAKEN[Pledge(mail.pledge)]
    return COUNTED if mail.counted and mail.kind in LINKED else None


def _later(sequence: int | None, mail: MailState) -> bool:
    return sequence is None or mail.sequence is None or sequence > mail.sequence


class ResendRefused(Exception):
    """A mail that isn't sent once more; the slug says why."""

    category: ClassVar[str] = "conflict"

    def __init__(self, slug: str) -> None:
        super().__init__(slug)
        self.slug = slug


def check_resend(mail: MailState) -> None:
    """Raises ResendRefused for a mail that is under way, or that would not be sent if it were asked for now."""
    if mail.erased:
        raise ResendRefused(ERASED.slug)
    if mail.status in (Status.QUEUED, Status.WAITING_ADDRESS):
        raise ResendRefused("mail_under_way")
    if mail.sent_at and mail.at - mail.sent_at < RESENT_AFTER:
        raise ResendRefused("mail_sent_just_now")
    if end := ended_by(mail):
        raise ResendRefused(end.slug)
