"""Commitments: a local government's pledge to a campaign, signed by a person, with three ranked themes."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from polity_contracts.membership import CommitmentMade, MilestoneReached

from polity_membership.domain.campaigns import RANKED_THEMES, Campaign
from polity_membership.domain.errors import SignedInFuture, ThemesInvalid
from polity_membership.domain.invitations import Invitation

EARLIEST_ZONE = timedelta(hours=14)
"""UTC+14, Kiribati: no place on earth has a later date than this one's."""


@dataclass(frozen=True, slots=True)
class Pledge:
    """What a signatory puts the name to; the first theme is ranked first."""

    themes: tuple[str, ...]
    signed_on: date


@dataclass(slots=True)
class Commitment:
    id: UUID
    campaign_id: UUID
    network_id: UUID
    local_government_id: UUID
    invitation_id: UUID
    contact_id: UUID
    signatory_id: UUID
    language: str
    ordinal: int
    themes: tuple[str, ...]
    signed_on: date
    made_at: datetime
    fact_sequence: int = 0

    def make(self) -> CommitmentMade:
        """Returns the fact of the commitment, which doesn't say who signed."""
        return CommitmentMade(
            commitment_id=self.id,
            campaign_id=self.campaign_id,
            network_id=self.network_id,
            local_government_id=self.local_government_id,
            invitation_id=self.invitation_id,
            contact_id=self.contact_id,
            language=self.language,
            ordinal=self.ordinal,
            themes=self.themes,
            signed_on=self.signed_on,
            made_at=self.made_at,
        )


def commit(
    campaign: Campaign,
    invitation: Invitation,
    pledge: Pledge,
    *,
    commitment_id: UUID,
    signatory_id: UUID,
    now: datetime,
) -> tuple[Commitment, MilestoneReached | None]:
    """Returns the campaign's next commitment and the milestone that falls on it.

    Raises AlreadyCommitted, ThemesInvalid or SignedInFuture; then nothing was counted.
    """
    invitation.commit()
    _check_pledge(pledge, campaign.themes, now)
    milestone = campaign.count(commitment_id, now)
    commitment = Commitment(
        id=commitment_id,
        campaign_id=campaign.id,
        network_id=campaign.network_id,
        local_government_id=invitation.local_government_id,
        invitation_id=invitation.id,
        contact_id=invitation.contact_id,
        signatory_id=signatory_id,
        language=invitation.language,
        ordinal=campaign.commitments_count,
        themes=pledge.themes,
        signed_on=pledge.signed_on,
        made_at=now,
    )
    return commitment, milestone


def _check_pledge(pledge: Pledge, offered: Collection[str], now: datetime) -> None:
    chosen = set(pledge.themes)
    if len(pledge.themes) != RANKED_THEMES or len(chosen) != RANKED_THEMES or not chosen <= set(offered):
        raise ThemesInvalid
    if pledge.signed_on > (now + EARLIEST_ZONE).date():
        raise SignedInFuture
