"""Campaigns ask local governments for commitments, count them and reach milestones."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from polity_contracts.membership import CampaignOpened, Deadline, Milestone, MilestoneReached, Text

from polity_membership.domain.errors import MilestonesInvalid, ThemesMissing
from polity_membership.domain.networks import require_fallback

RANKED_THEMES = 3
"""How many themes a commitment ranks."""


@dataclass(slots=True)
class Campaign:
    """`commitments_count` is the ordinal of the last commitment."""

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
    commitments_count: int = 0
    fact_sequence: int = 0

    def open(self) -> CampaignOpened:
        """Returns the fact of the opening; raises FallbackMissing, ThemesMissing or MilestonesInvalid."""
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
        )

    def count(self, commitment_id: UUID, now: datetime) -> MilestoneReached | None:
        """Counts one commitment more; returns the milestone that falls on it, if one does."""
        self.commitments_count += 1
        if self.commitments_count not in {milestone.threshold for milestone in self.milestones}:
            return None
        return MilestoneReached(
            campaign_id=self.id,
            network_id=self.network_id,
            threshold=self.commitments_count,
            ordinal=self.commitments_count,
            commitment_id=commitment_id,
            reached_at=now,
        )


def _check_milestones(milestones: Sequence[Milestone]) -> None:
    thresholds = [milestone.threshold for milestone in milestones]
    if any(threshold < 1 for threshold in thresholds) or thresholds != sorted(set(thresholds)):
        raise MilestonesInvalid
