"""Invitations ask one local government to join a campaign, by its contact person, until a deadline."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from polity_contracts.membership import Deadline, InterestExpressed, InvitationIssued, InvitationRevoked

from polity_membership.domain.errors import AlreadyCommitted, LinkExpired, LinkRevoked
from polity_membership.domain.mandates import check_generation

INVITED = "invited"
INTERESTED = "interested"
COMMITTED = "committed"
REVOKED = "revoked"
LARGEST_SELECTION = 5000
"""How many local governments one call may invite."""


@dataclass(slots=True)
class Invitation:
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
    link_generation: int = 1
    fact_sequence: int = 0

    def issue(self) -> InvitationIssued:
        """Returns the fact that asks notifications to write to the contact."""
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

    def check_link(self, generation: int, now: datetime) -> None:
        """Raises LinkRevoked, LinkUnknown or LinkExpired unless the link of that generation may be followed now.

        A given answer stays readable after the deadline.
        """
        check_generation(generation, self.link_generation)
        if self.status == REVOKED:
            raise LinkRevoked
        if self.status != COMMITTED and now > self.reply_by.at:
            raise LinkExpired

    def check_open(self) -> None:
        """Raises AlreadyCommitted once the final answer is given."""
        if self.status == COMMITTED:
            raise AlreadyCommitted

    def express_interest(self, now: datetime) -> InterestExpressed | None:
        """Notes the interest; returns None when it, or more, was said before."""
        if self.status != INVITED:
            return None
        self.status, self.interested_at = INTERESTED, now
        return InterestExpressed(
            invitation_id=self.id,
            campaign_id=self.campaign_id,
            network_id=self.network_id,
            local_government_id=self.local_government_id,
            expressed_at=now,
        )

    def commit(self) -> None:
        """Closes the invitation by its final answer; raises AlreadyCommitted."""
        if self.status == COMMITTED:
            raise AlreadyCommitted
        self.status = COMMITTED

    def revoke(self, now: datetime) -> InvitationRevoked | None:
        """Makes every link sent so far invalid; returns None when that was done before. Raises AlreadyCommitted."""
        if self.status == COMMITTED:
            raise AlreadyCommitted
        if self.status == REVOKED:
            return None
        self.status = REVOKED
        self.link_generation += 1
        return InvitationRevoked(
            invitation_id=self.id,
            campaign_id=self.campaign_id,
            network_id=self.network_id,
            local_government_id=self.local_government_id,
            link_generation=self.link_generation,
            revoked_at=now,
        )
