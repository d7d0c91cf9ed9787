"""What membership publishes of campaigns and their milestones."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from polity_contracts import topics
from polity_contracts.envelope import Fact, Visibility
from polity_contracts.membership.values import Deadline, Text


class Milestone(BaseModel):
    """A number of commitments to reach, with the day by which it is hoped for."""

    model_config = ConfigDict(frozen=True)

    threshold: int
    due: date | None = None
    occasion: Text = {}


class CampaignOpened(Fact):
    """A network asks for commitments: with which texts, themes and milestones, and until when."""

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
