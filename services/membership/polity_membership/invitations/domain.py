"""Invitations ask one local government to join a campaign, by its contact person, until a deadline."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from polity_contracts.membership.invitations import (
    InterestExpressed,
    InvitationDeclined,
    InvitationExtended,
    InvitationImported,
    InvitationIssued,
    InvitationRevoked,
)
from polity_contracts.membership.values import Deadline

from polity_membership.campaigns.errors import DeadlinePassed
from polity_membership.errors import LinkExpired, LinkRevoked
from polity_membership.invitations.errors import AlreadyCommitted, CommitmentIsWithdrawn, DeadlineNotLater
from polity_membership.values.link_generations import check_generation

INVITED = "invited"
INTERESTED = "interested"
DECLINED = "declined"
SUBMITTED = "submitted"
COMMITTED = "committed"
WITHDRAWN = "withdrawn"
REVOKED = "revoked"
ANSWERED = frozenset({SUBMITTED, COMMITTED, WITHDRAWN})
"""A commitment was made, whatever became of it."""
UNANSWERED = frozenset({INVITED, INTERESTED, DECLINED, SUBMITTED})
"""No commitment counts yet, and one may."""
LARGEST_SELECTION = 5000
"""How many local governments one call may invite."""


@dataclass(slots=True)
class Invitation:
    """`decline_reason` is for the secretariat alone, and is kept only while the answer is no."""

    id: UUID
    campaign_id: UUID
    network_id: UUID
    local_government_id: UUID
    contact_id: UUID
    language: str
    wave: str
    reply_by: Deadline
    issued_at: datetime
    status: str = INVITED
    interested_at: datetime | None = None
    declined_at: datetime | None = None
    decline_reason: str | None = None
    link_generation: int = 1
    answer_step: int = 0
    fact_sequence: int = 0

    def issue(self) -> InvitationIssued:
        """Returns the fact of the invitation, of which its contact is mailed."""
        return InvitationIssued(
            invitation_id=self.id,
            campaign_id=self.campaign_id,
            network_id=self.network_id,
            local_government_id=self.local_government_id,
            contact_id=self.contact_id,
            language=self.language,
            reply_by=self.reply_by,
            link_generation=self.link_generation,
            wave=self.wave,
            issued_at=self.issued_at,
        )

    def bring_in(self) -> InvitationImported:
        """Returns the fact of an imported invitation, of which nobody is mailed."""
        return InvitationImported(
            invitation_id=self.id,
            campaign_id=self.campaign_id,
            network_id=self.network_id,
            local_government_id=self.local_government_id,
            wave=self.wave,
            issued_at=self.issued_at,
            interested_at=self.interested_at,
        )

    def check_link(self, generation: int, now: datetime) -> None:
        """Raises LinkRevoked, LinkUnknown or LinkExpired unless the link of that generation is valid now.

        After the deadline it stays valid for whoever made a commitment.
        """
        check_generation(generation, self.link_generation)
        if self.status == REVOKED:
            raise LinkRevoked
        if self.status not in ANSWERED and now > self.reply_by.at:
            raise LinkExpired

    def check_open(self) -> None:
        """Raises AlreadyCommitted or CommitmentIsWithdrawn if a commitment was made."""
        if self.status == WITHDRAWN:
            raise CommitmentIsWithdrawn
        if self.status in ANSWERED:
            raise AlreadyCommitted

    def check_waiting(self) -> None:
        """Raises what `check_open` raises, or LinkRevoked. The deadline is not checked."""
        self.check_open()
        if self.status == REVOKED:
            raise LinkRevoked

    def express_interest(self, now: datetime) -> InterestExpressed | None:
        """Returns None if the local government is interested, or committed, already."""
        if self.status not in (INVITED, DECLINED):
            return None
        reconsidered = self.status == DECLINED
        self.interested_at = now
        self.answer(INTERESTED)
        return InterestExpressed(
            invitation_id=self.id,
            campaign_id=self.campaign_id,
            network_id=self.network_id,
            local_government_id=self.local_government_id,
            expressed_at=now,
            reconsidered=reconsidered,
            answer_step=self.answer_step,
        )

    def decline(self, reason: str | None, now: datetime) -> InvitationDeclined | None:
        """Returns None if it was declined already.

        Raises AlreadyCommitted or CommitmentIsWithdrawn.
        """
        self.check_open()
        if self.status == DECLINED:
            return None
        self.answer(DECLINED)
        self.declined_at, self.decline_reason = now, reason
        return InvitationDeclined(
            invitation_id=self.id,
            campaign_id=self.campaign_id,
            network_id=self.network_id,
            local_government_id=self.local_government_id,
            declined_at=now,
            answer_step=self.answer_step,
        )

    def answer(self, status: str) -> None:
        """Sets the status by the next answer, or by a revocation, and forgets the reason of an earlier decline."""
        self.status = status
        self.answer_step += 1
        self.declined_at = self.decline_reason = None

    def hand_over(self, contact_id: UUID, language: str, now: datetime) -> InvitationIssued | None:
        """Changes the contact. Returns the fact of which they are mailed, or None if no answer is awaited any more."""
        self.contact_id, self.language = contact_id, language
        awaited = self.status in (INVITED, INTERESTED) and self.reply_by.at > now
        return self.issue() if awaited else None

    def extend(self, reply_by: Deadline, now: datetime) -> InvitationExtended | None:
        """Moves the deadline to a later one. Returns None if it is that one already.

        Raises DeadlinePassed, DeadlineNotLater, LinkRevoked, AlreadyCommitted or CommitmentIsWithdrawn.
        """
        self.check_waiting()
        if reply_by.at <= now:
            raise DeadlinePassed
        if reply_by == self.reply_by:
            return None
        if reply_by.at <= self.reply_by.at:
            raise DeadlineNotLater
        self.reply_by = reply_by
        return InvitationExtended(
            invitation_id=self.id,
            campaign_id=self.campaign_id,
            network_id=self.network_id,
            local_government_id=self.local_government_id,
            contact_id=self.contact_id,
            reply_by=reply_by,
            extended_at=now,
        )

    def revoke(self, now: datetime) -> InvitationRevoked | None:
        """Makes every link sent so far invalid. Returns None if the invitation was revoked already.

        Raises AlreadyCommitted or CommitmentIsWithdrawn.
        """
        self.check_open()
        if self.status == REVOKED:
            return None
        self.answer(REVOKED)
        self.link_generation += 1
        return InvitationRevoked(
            invitation_id=self.id,
            campaign_id=self.campaign_id,
            network_id=self.network_id,
            local_government_id=self.local_government_id,
            link_generation=self.link_generation,
            revoked_at=now,
            answer_step=self.answer_step,
        )

    def take_over_revocation(self, link_generation: int) -> None:
        """Makes links below that generation invalid, as was published before the database was restored."""
        self.link_generation = max(self.link_generation, link_generation)
        if self.status not in ANSWERED:
            self.answer(REVOKED)
