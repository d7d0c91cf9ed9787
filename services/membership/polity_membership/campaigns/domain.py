"""Campaigns ask local governments for commitments, count them and reach milestones."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from polity_contracts.membership.campaigns import CampaignOpened, Milestone, MilestoneAnnounced, MilestoneReached
from polity_contracts.membership.values import Deadline, Text

from polity_membership.campaigns.errors import DeadlinePassed, MilestoneNotReached, MilestonesInvalid, ThemesMissing
from polity_membership.errors import NotFound
from polity_membership.networks.domain import require_fallback

RANKED_THEMES = 3
"""How many themes a commitment ranks."""


@dataclass(slots=True)
class Campaign:
    """`commitments_count` is the ordinal of the last commitment, `withdrawn_count` how many were withdrawn.

    `reached_threshold` is the highest milestone ever reached, 0 before the first.
    """

    id: UUID
    network_id: UUID
    title: Text
    objectives: Text
    commitment_text: Text
    fallback_language: str
    themes: dict[str, Text]
    milestones: tuple[Milestone, ...]
    reply_by: Deadline
    demonstration: bool
    opened_at: datetime
    counts_at_once: bool = True
    commitments_count: int = 0
    withdrawn_count: int = 0
    reached_threshold: int = 0
    fact_sequence: int = 0

    @property
    def standing(self) -> int:
        """How many commitments count and aren't withdrawn."""
        return self.commitments_count - self.withdrawn_count

    def open(self) -> CampaignOpened:
        """Returns the fact of the opening.

        Raises DeadlinePassed, FallbackMissing, ThemesMissing or MilestonesInvalid.
        """
        if self.reply_by.at <= self.opened_at:
            raise DeadlinePassed
        require_fallback(self.fallback_language, [self.title, self.objectives, self.commitment_text])
        require_fallback(self.fallback_language, list(self.themes.values()))
        if len(self.themes) < RANKED_THEMES:
            raise ThemesMissing
        _check_milestones(self.milestones)
        return CampaignOpened(
            campaign_id=self.id,
            network_id=self.network_id,
            title=self.title,
            objectives=self.objectives,
            commitment_text=self.commitment_text,
            fallback_language=self.fallback_language,
            themes=self.themes,
            milestones=self.milestones,
            reply_by=self.reply_by,
            demonstration=self.demonstration,
            counts_at_once=self.counts_at_once,
        )

    def count(self, commitment_id: UUID, now: datetime) -> MilestoneReached | None:
        """Counts one more commitment. Returns the milestone it reaches, or None; each is reached once."""
        self.commitments_count += 1
        if self.standing <= self.reached_threshold or self.standing not in self._thresholds():
            return None
        self.reached_threshold = self.standing
        return MilestoneReached(
            campaign_id=self.id,
            network_id=self.network_id,
            threshold=self.standing,
            ordinal=self.commitments_count,
            commitment_id=commitment_id,
            reached_at=now,
        )

    def make_up(self, last_ordinal: int, reached_threshold: int) -> None:
        """Counts published ordinals and milestones that a restored database lacks, their commitments as withdrawn."""
        unknown = max(0, last_ordinal - self.commitments_count)
        self.commitments_count += unknown
        self.withdrawn_count += unknown
        self.reached_threshold = max(self.reached_threshold, reached_threshold)

    def announce(self, threshold: int, announced_at: datetime | None, now: datetime) -> MilestoneAnnounced | None:
        """Returns the fact of the announcement, or None if it was made before (`announced_at`).

        Raises NotFound or MilestoneNotReached.
        """
        if threshold not in self._thresholds():
            raise NotFound
        if threshold > self.reached_threshold:
            raise MilestoneNotReached
        if announced_at:
            return None
        return MilestoneAnnounced(
            campaign_id=self.id, network_id=self.network_id, threshold=threshold, announced_at=now
        )

    def missed(self, milestone: Milestone, reached_at: datetime | None, now: datetime) -> bool:
        """Returns whether the milestone's day was over, in the campaign's zone, before it was reached."""
        if milestone.due is None:
            return False
        return (reached_at or now).astimezone(ZoneInfo(self.reply_by.time_zone)).date() > milestone.due

    def _thresholds(self) -> set[int]:
        return {milestone.threshold for milestone in self.milestones}


def _check_milestones(milestones: Sequence[Milestone]) -> None:
    thresholds = [milestone.threshold for milestone in milestones]
    if any(threshold < 1 for threshold in thresholds) or thresholds != sorted(set(thresholds)):
        raise MilestonesInvalid
