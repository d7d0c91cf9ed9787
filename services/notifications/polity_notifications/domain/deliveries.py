"""Which fact asks for which mail to whom, and until when. A delivery holds ids only, nothing that names a person."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID, uuid5

from polity_contracts.envelope import Fact
from polity_contracts.membership.campaigns import MilestoneReached
from polity_contracts.membership.commitments import CommitmentMade, CommitmentReturned, CommitmentSubmitted
from polity_contracts.membership.invitations import InvitationExtended, InvitationIssued

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
    """Its reader's personal data was erased."""
    CANCELLED_REVOKED = "cancelled_revoked"
    """What it tells of was withdrawn: the invitation, the pledge, or its reader's mandate."""
    CANCELLED_ANSWERED = "cancelled_answered"
    """The answer that it asks for was given, or something newer became of the pledge it tells of."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One mail to one person. The same fact gives the same id for ever: it is in the mail's Message-ID too.

    `sequence` is the fact's number within its key. Not sent by its `deadline`, the mail expires.
    """

    delivery_id: UUID
    kind: Kind
    campaign_id: UUID
    person_id: UUID
    traceparent: str | None
    sequence: int | None = None
    deadline: datetime | None = None
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


def for_invitation(fact: InvitationIssued, sequence: int, traceparent: str | None) -> Asked:
    """Returns the invitation to the contact; the deadline ends it."""
    return Asked(
        delivery_id=delivery_id(Kind.INVITATION, str(fact.invitation_id), fact.contact_id),
        kind=Kind.INVITATION,
        campaign_id=fact.campaign_id,
        person_id=fact.contact_id,
        traceparent=traceparent,
        sequence=sequence,
        deadline=fact.reply_by.at,
        local_government_id=fact.local_government_id,
        invitation_id=fact.invitation_id,
    )


def for_extension(fact: InvitationExtended, sequence: int, traceparent: str | None) -> Asked:
    """Returns the news of a later deadline to the contact; that deadline ends it."""
    return Asked(
        delivery_id=delivery_id(
            Kind.EXTENSION, f"{fact.invitation_id}/{fact.extended_at.isoformat()}", fact.contact_id
        ),
        kind=Kind.EXTENSION,
        campaign_id=fact.campaign_id,
        person_id=fact.contact_id,
        traceparent=traceparent,
        sequence=sequence,
        deadline=fact.reply_by.at,
        local_government_id=fact.local_government_id,
        invitation_id=fact.invitation_id,
    )


def for_submission(fact: CommitmentSubmitted | CommitmentReturned, sequence: int, traceparent: str | None) -> Asked:
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
        traceparent=traceparent,
        sequence=sequence,
        local_government_id=fact.local_government_id,
        invitation_id=fact.invitation_id,
    )


def for_commitment(fact: CommitmentMade, sequence: int, traceparent: str | None) -> Asked | None:
    """Returns the thank-you to the contact, None where the commitment names none."""
    if fact.contact_id is None:
        return None
    return Asked(
        delivery_id=delivery_id(Kind.THANK_YOU, str(fact.commitment_id), fact.contact_id),
        kind=Kind.THANK_YOU,
        campaign_id=fact.campaign_id,
        person_id=fact.contact_id,
        traceparent=traceparent,
        sequence=sequence,
        local_government_id=fact.local_government_id,
        invitation_id=fact.invitation_id,
        ordinal=fact.ordinal,
    )


def for_milestone(reached: ReachedMilestone, person_id: UUID) -> Asked:
    """Returns the news of the milestone for one person of the secretariat."""
    return Asked(
        delivery_id=delivery_id(Kind.MILESTONE, f"{reached.campaign_id}/{reached.threshold}", person_id),
        kind=Kind.MILESTONE,
        campaign_id=reached.campaign_id,
        person_id=person_id,
        traceparent=reached.traceparent,
        ordinal=reached.ordinal,
        threshold=reached.threshold,
    )


def retry_after(attempts: int) -> timedelta:
    """Returns how long to wait after that many attempts: 5 seconds, doubled each time, 15 minutes at most."""
    return timedelta(seconds=min(5 * 2 ** min(attempts - 1, 10), 900))


def retry_incomplete_after(waited: timedelta) -> timedelta:
    """Returns how long to wait for what a mail still lacks after that long: as long again, 15 minutes at most."""
    return min(max(waited, timedelta(seconds=2)), timedelta(minutes=15))
