"""What membership publishes: networks, local governments, campaigns, invitations, commitments; `people` has the rest.

Text that people wrote for others is a map of BCP 47 language to text, with the fallback language beside it.
Instants are UTC; a deadline keeps its IANA zone. Nothing here names a person. `answer_step` counts what one invitation
was answered, 1, 2, 3 …, over its own facts and its commitment's, whatever the clocks say; None before it was counted.
"""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from polity_contracts import topics
from polity_contracts.envelope import Fact, Visibility

Text = dict[str, str]
"""Language (BCP 47) to text."""


class Deadline(BaseModel):
    """A date and time somewhere: the instant in UTC and the IANA zone in which it was set."""

    model_config = ConfigDict(frozen=True)

    at: datetime
    time_zone: str


class Milestone(BaseModel):
    """A number of commitments to reach, with the day by which it is hoped for."""

    model_config = ConfigDict(frozen=True)

    threshold: int
    due: date | None = None
    occasion: Text = {}


class NetworkFounded(Fact):
    type = "membership.network_founded"
    topic = topics.NETWORKS.name
    visibility = Visibility.PUBLIC
    visibility_reason = "Which networks there are, and what they are called, is for everyone."

    network_id: UUID
    name: Text
    fallback_language: str
    time_zone: str
    demonstration: bool = False


class NetworkMemberJoined(Fact):
    """A local government belongs to the network; `office` is `member` or `co_president` (open list)."""

    type = "membership.network_member_joined"
    topic = topics.NETWORKS.name
    visibility = Visibility.PUBLIC
    visibility_reason = "Whoever belongs to a network does so openly: its page names them."

    network_id: UUID
    local_government_id: UUID
    office: str


class LocalGovernmentRegistered(Fact):
    """A city, municipality, metropolis, province or region. Names are as the local government writes them."""

    type = "membership.local_government_registered"
    topic = topics.LOCAL_GOVERNMENTS.name
    visibility = Visibility.MEMBERS
    visibility_reason = "A register is a list of those who may be invited: only a pledge makes one of them public."

    local_government_id: UUID
    network_id: UUID
    name: str
    country: str
    """ISO 3166-1 alpha-2."""
    subdivision: str | None = None
    """ISO 3166-2, or the register's own code."""
    region: str
    """UN M49 sub-region code, three digits."""
    latitude: float
    longitude: float
    population: int | None = None
    time_zone: str
    demonstration: bool = False


class CampaignOpened(Fact):
    type = "membership.campaign_opened"
    topic = topics.CAMPAIGNS.name
    visibility = Visibility.PUBLIC
    visibility_reason = "A campaign asks in public: its texts, themes, milestones and deadline are for everyone."

    campaign_id: UUID
    network_id: UUID
    title: Text
    objectives: Text
    commitment_text: Text
    fallback_language: str
    themes: dict[str, Text]
    """Theme code to its label."""
    milestones: tuple[Milestone, ...]
    reply_by: Deadline
    demonstration: bool = False
    counts_at_once: bool = True
    """If not, a pledge is submitted first and counts once its signatory is confirmed."""


class MilestoneReached(Fact):
    """With the `ordinal`-th commitment, `threshold` of them stood; once per campaign and threshold, never undone."""

    type = "membership.milestone_reached"
    topic = topics.CAMPAIGNS.name
    visibility = Visibility.PUBLIC
    visibility_reason = "It counts pledges, which are public, and leads to nobody who has not pledged."

    campaign_id: UUID
    network_id: UUID
    threshold: int
    ordinal: int
    commitment_id: UUID
    reached_at: datetime
    imported: bool = False
    """Passed by a pledge of an earlier wave when that was brought in; `reached_at` is that pledge's date."""


class MilestoneAnnounced(Fact):
    """The secretariat told the world of a milestone that was reached."""

    type = "membership.milestone_announced"
    topic = topics.CAMPAIGNS.name
    visibility = Visibility.PUBLIC
    visibility_reason = "It is the announcement."

    campaign_id: UUID
    network_id: UUID
    threshold: int
    announced_at: datetime


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


class CommitmentSubmitted(Fact):
    """A local government sent its pledge; it counts (CommitmentMade) once its signatory is confirmed."""

    type = "membership.commitment_submitted"
    topic = topics.COMMITMENTS.name
    visibility = Visibility.MEMBERS
    visibility_reason = "A pledge that waits may be returned: it becomes public when it counts."

    commitment_id: UUID
    campaign_id: UUID
    network_id: UUID
    local_government_id: UUID
    invitation_id: UUID
    contact_id: UUID
    language: str
    submitted_at: datetime
    answer_step: int | None = None


class CommitmentReturned(Fact):
    """The secretariat asked the local government to submit its pledge again; only those two know why."""

    type = "membership.commitment_returned"
    topic = topics.COMMITMENTS.name
    visibility = Visibility.MEMBERS
    visibility_reason = "A pledge that was returned did not become public."

    commitment_id: UUID
    campaign_id: UUID
    network_id: UUID
    local_government_id: UUID
    invitation_id: UUID
    contact_id: UUID
    language: str
    returned_at: datetime
    answer_step: int | None = None


class CommitmentMade(Fact):
    """A local government's pledge counts; `ordinal` numbers the campaign's commitments from 1 without a gap.

    Name and place are as the register had them then; None in facts that were published before they were told here.
    """

    type = "membership.commitment_made"
    topic = topics.COMMITMENTS.name
    visibility = Visibility.PUBLIC
    visibility_reason = "A pledge is made before the public: by whom, where, when, with which themes."

    commitment_id: UUID
    campaign_id: UUID
    network_id: UUID
    local_government_id: UUID
    name: str | None = None
    country: str | None = None
    """ISO 3166-1 alpha-2."""
    region: str | None = None
    """UN M49 sub-region code, three digits."""
    latitude: float | None = None
    longitude: float | None = None
    invitation_id: UUID | None = None
    contact_id: UUID | None = None
    language: str
    ordinal: int
    themes: tuple[str, ...]
    """Theme codes, the first ranked first."""
    signed_on: date
    made_at: datetime
    imported: bool = False
    """A pledge of an earlier wave, brought in with its own date: no occasion to write to anyone."""
    answer_step: int | None = None


class CommitmentWithdrawn(Fact):
    """A commitment that counted stands no longer; its ordinal is given to no other, and milestones stay reached."""

    type = "membership.commitment_withdrawn"
    topic = topics.COMMITMENTS.name
    visibility = Visibility.PUBLIC
    visibility_reason = "It was public that the pledge counted, so it is public that it does no longer."

    commitment_id: UUID
    campaign_id: UUID
    network_id: UUID
    local_government_id: UUID
    ordinal: int
    withdrawn_at: datetime
    answer_step: int | None = None
