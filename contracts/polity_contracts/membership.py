"""What membership publishes: networks, local governments, campaigns, commitments. Beside it: `invitations`, `people`.

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
