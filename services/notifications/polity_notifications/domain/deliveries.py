"""Which fact asks for which mail to whom, and until when. A delivery holds ids only, nothing that names a person."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar
from uuid import UUID, uuid5

from polity_contracts.envelope import Fact
from polity_contracts.invitations import (
    InvitationExtended,
    InvitationIssued,
)
from polity_contracts.membership import (
    CommitmentMade,
    CommitmentReturned,
    CommitmentSubmitted,
    MilestoneReached,
)

_NAMESPACE = UUID("6c1e5d0e-6f0c-5a53-9d3f-6f0b8b8f4a11")


class Kind(StrEnum):
    INVITATION = "invitation"
    EXTENSION = "extension"
    RECEIVED = "received"
    RETURNED = "returned"
    THANK_YOU = "thank_you"
    MILESTONE = "milestone"


ASKED_BY: dict[Kind, type[Fact]] = {
    Kind.INVITATION: InvitationIssued,
    Kind.EXTENSION: InvitationExtended,
    Kind.RECEIVED: CommitmentSubmitted,
    Kind.RETURNED: CommitmentReturned,
    Kind.THANK_YOU: CommitmentMade,
    Kind.MILESTONE: MilestoneReached,
}
"""The fact that asks for each kind of mail."""
LINKED = frozenset({Kind.INVITATION, Kind.EXTENSION, Kind.RECEIVED, Kind.RETURNED})
"""The mails with the link that answers."""
WITH_DEADLINE = frozenset({Kind.INVITATION, Kind.EXTENSION, Kind.RETURNED})


class Status(StrEnum):
    WAITING_ADDRESS = "waiting_address"
    QUEUED = "queued"
    SENT = "sent"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLED_ERASED = "cancelled_erased"


@dataclass(frozen=True, slots=True)
class Asked:
    """One mail to one person. The same fact gives the same id for ever: it is in the mail's Message-ID too."""

    delivery_id: UUID
    kind: Kind
    campaign_id: UUID
    person_id: UUID
    expires_at: datetime
    traceparent: str | None
    local_government_id: UUID | None = None
    invitation_id: UUID | None = None
    ordinal: int | None = None
    threshold: int | None = None


@dataclass(frozen=True, slots=True)
class ReachedMilestone:
    campaign_id: UUID
    threshold: int
    ordinal: int
    traceparent: str | None


@dataclass(frozen=True, slots=True)
class Limits:
    """How old a fact may be to make a mail, and how long a mail may wait to be sent."""

    fresh: timedelta
    waiting: timedelta

    def is_too_old(self, occurred_at: datetime, now: datetime) -> bool:
        """Returns whether the fact comes from a rebuild or a restore rather than from today's work."""
        return now - occurred_at > self.fresh


def delivery_id(kind: Kind, source: str, person_id: UUID) -> UUID:
    """Returns the id of the one mail that `source` (an invitation, a commitment, a milestone) makes for the person."""
    return uuid5(_NAMESPACE, f"{kind}/{source}/{person_id}")


def for_invitation(fact: InvitationIssued, traceparent: str | None, limits: Limits, now: datetime) -> Asked:
    """Returns the invitation to the contact; it expires with the deadline if that comes first."""
    return Asked(
        delivery_id=delivery_id(Kind.INVITATION, str(fact.invitation_id), fact.contact_id),
        kind=Kind.INVITATION,
        campaign_id=fact.campaign_id,
        person_id=fact.contact_id,
        expires_at=min(fact.reply_by.at, now + limits.waiting),
        traceparent=traceparent,
        local_government_id=fact.local_government_id,
        invitation_id=fact.invitation_id,
    )


def for_extension(fact: InvitationExtended, traceparent: str | None, limits: Limits, now: datetime) -> Asked:
    """Returns the news of a later deadline to the contact; it expires with that deadline if that comes first."""
    return Asked(
        delivery_id=delivery_id(
            Kind.EXTENSION, f"{fact.invitation_id}/{fact.extended_at.isoformat()}", fact.contact_id
        ),
        kind=Kind.EXTENSION,
        campaign_id=fact.campaign_id,
        person_id=fact.contact_id,
        expires_at=min(fact.reply_by.at, now + limits.waiting),
        traceparent=traceparent,
        local_government_id=fact.local_government_id,
        invitation_id=fact.invitation_id,
    )


def for_submission(
    fact: CommitmentSubmitted | CommitmentReturned, traceparent: str | None, limits: Limits, now: datetime
) -> Asked:
    """Returns the word to the contact that a pledge was received, or that it was returned."""
    if isinstance(fact, CommitmentSubmitted):
        kind, at = Kind.RECEIVED, fact.submitted_at
    else:
        kind, at = Kind.RETURNED, fact.returned_at
    return Asked(
        delivery_id=delivery_id(kind, f"{fact.commitment_id}/{at.isoformat()}", fact.contact_id),
        kind=kind,
        campaign_id=fact.campaign_id,
        person_id=fact.contact_id,
        expires_at=now + limits.waiting,
        traceparent=traceparent,
        local_government_id=fact.local_government_id,
        invitation_id=fact.invitation_id,
    )


def for_commitment(fact: CommitmentMade, traceparent: str | None, limits: Limits, now: datetime) -> Asked | None:
    """Returns the thank-you to the contact, None where the commitment names none."""
    if fact.contact_id is None:
        return None
    return Asked(
        delivery_id=delivery_id(Kind.THANK_YOU, str(fact.commitment_id), fact.contact_id),
        kind=Kind.THANK_YOU,
        campaign_id=fact.campaign_id,
        person_id=fact.contact_id,
        expires_at=now + limits.waiting,
        traceparent=traceparent,
        local_government_id=fact.local_government_id,
        ordinal=fact.ordinal,
    )


def for_milestone(reached: ReachedMilestone, person_id: UUID, limits: Limits, now: datetime) -> Asked:
    """Returns the news of the milestone for one person of the secretariat."""
    return Asked(
        delivery_id=delivery_id(Kind.MILESTONE, f"{reached.campaign_id}/{reached.threshold}", person_id),
        kind=Kind.MILESTONE,
        campaign_id=reached.campaign_id,
        person_id=person_id,
        expires_at=now + limits.waiting,
        traceparent=reached.traceparent,
        ordinal=reached.ordinal,
        threshold=reached.threshold,
    )


RESENT_AFTER = timedelta(minutes=10)
"""A mail that was taken so short a time ago is still under way: asking again would only send it twice."""


class ResendRefused(Exception):
    """A mail that isn't sent once more; the slug says why."""

    category: ClassVar[str] = "conflict"

    def __init__(self, slug: str) -> None:
        super().__init__(slug)
        self.slug = slug


@dataclass(frozen=True, slots=True)
class Resendable:
    """What decides whether a mail may be sent once more; from `link_generation` on its invitation says so."""

    kind: str
    status: str
    sent_at: datetime | None
    erased: bool
    link_generation: int | None
    reply_by: datetime | None
    declined: bool
    counted: bool
    """A pledge by this invitation counts, or did."""


def resend_until(mail: Resendable, limits: Limits, now: datetime) -> datetime:
    """Returns when the mail, sent once more, expires. Raises ResendRefused."""
    if mail.erased or mail.status == Status.CANCELLED_ERASED:
        raise ResendRefused("mail_reader_erased")
    if mail.status in (Status.QUEUED, Status.WAITING_ADDRESS):
        raise ResendRefused("mail_under_way")
    if mail.sent_at and now - mail.sent_at < RESENT_AFTER:
        raise ResendRefused("mail_sent_just_now")
    if mail.kind in LINKED:
        _check_invitation(mail, now)
    if mail.kind in WITH_DEADLINE and mail.reply_by:
        return min(mail.reply_by, now + limits.waiting)
    return now + limits.waiting


def _check_invitation(mail: Resendable, now: datetime) -> None:
    # A link begins with generation 1, and only its revocation makes another.
    if (mail.link_generation or 1) > 1:
        raise ResendRefused("mail_invitation_revoked")
    if mail.counted:
        raise ResendRefused("mail_invitation_answered")
    if mail.declined:
        raise ResendRefused("mail_invitation_declined")
    if mail.kind in WITH_DEADLINE and mail.reply_by and mail.reply_by <= now:
        raise ResendRefused("mail_deadline_passed")


def retry_after(attempts: int) -> timedelta:
    """Returns how long to wait after that many attempts: 5 seconds, doubled each time, 15 minutes at most."""
    return timedelta(seconds=min(5 * 2 ** min(attempts - 1, 10), 900))
