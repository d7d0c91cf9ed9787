"""What membership publishes of invitations: who was asked, and what they said before a commitment."""

from datetime import datetime
from uuid import UUID

from polity_contracts import topics
from polity_contracts.envelope import Fact, Visibility
from polity_contracts.membership.values import Deadline


class InvitationIssued(Fact):
    """A local government was asked to join, by its contact person, in that person's language.

    Issued again, with the same link, when there is a new contact after the one before was erased.
    """

    type = "membership.invitation_issued"
    topic = topics.INVITATIONS.name
    visibility = Visibility.PRIVATE
    visibility_reason = "Who was asked, and whose contact is who, is between the network and the local government."

    invitation_id: UUID
    campaign_id: UUID
    network_id: UUID
    local_government_id: UUID
    contact_id: UUID
    language: str
    reply_by: Deadline
    link_generation: int
    wave: str
    issued_at: datetime


class InvitationImported(Fact):
    """A local government was asked in an earlier wave, elsewhere; its pledge was brought in with this."""

    type = "membership.invitation_imported"
    topic = topics.INVITATIONS.name
    visibility = Visibility.PRIVATE
    visibility_reason = "Who was asked is between the network and the local government."

    invitation_id: UUID
    campaign_id: UUID
    network_id: UUID
    local_government_id: UUID
    wave: str
    issued_at: datetime
    interested_at: datetime | None = None


class InvitationRevoked(Fact):
    """Links of generations up to `link_generation - 1` are no longer valid."""

    type = "membership.invitation_revoked"
    topic = topics.INVITATIONS.name
    visibility = Visibility.PRIVATE
    visibility_reason = "Who was asked is between the network and the local government."

    invitation_id: UUID
    campaign_id: UUID
    network_id: UUID
    local_government_id: UUID
    link_generation: int
    revoked_at: datetime
    answer_step: int | None = None


class InvitationExtended(Fact):
    """The invitation may be answered until `reply_by`; the links sent so far work again."""

    type = "membership.invitation_extended"
    topic = topics.INVITATIONS.name
    visibility = Visibility.PRIVATE
    visibility_reason = "Who was asked, and whose contact is who, is between the network and the local government."

    invitation_id: UUID
    campaign_id: UUID
    network_id: UUID
    local_government_id: UUID
    contact_id: UUID
    reply_by: Deadline
    extended_at: datetime


class InterestExpressed(Fact):
    type = "membership.interest_expressed"
    topic = topics.INVITATIONS.name
    visibility = Visibility.MEMBERS
    visibility_reason = "Interest is no pledge: it may come to nothing, and that is nobody else's business."

    invitation_id: UUID
    campaign_id: UUID
    network_id: UUID
    local_government_id: UUID
    expressed_at: datetime
    reconsidered: bool = False
    """It had declined before."""
    answer_step: int | None = None


class InvitationDeclined(Fact):
    """A local government says "not this time"; until the deadline it may change its mind. Only those two know why."""

    type = "membership.invitation_declined"
    topic = topics.INVITATIONS.name
    visibility = Visibility.MEMBERS
    visibility_reason = "Who said no would be judged for it in public: it is told to the network alone."

    invitation_id: UUID
    campaign_id: UUID
    network_id: UUID
    local_government_id: UUID
    declined_at: datetime
    answer_step: int | None = None
