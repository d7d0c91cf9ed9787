"""Commitments: a local government's promise in a campaign, signed by a person, with three ranked themes.

A commitment counts at once, or is submitted first and counts once its signatory is confirmed, as its campaign says.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from polity_contracts.membership.campaigns import MilestoneReached
from polity_contracts.membership.commitments import (
    CommitmentMade,
    CommitmentReturned,
    CommitmentSubmitted,
    CommitmentWithdrawn,
)

from polity_membership.campaigns.domain import RANKED_THEMES, Campaign
from polity_membership.commitments.errors import NotCounted, NotSubmitted, SignedInFuture, ThemesInvalid
from polity_membership.invitations.domain import COMMITTED, INTERESTED, SUBMITTED, WITHDRAWN, Invitation
from polity_membership.local_governments.domain import PublicLocalGovernment

RETURNED = "returned"
BY_LINK = "link"
ON_PAPER = "paper"
IMPORTED = "import"
EARLIEST_ZONE = timedelta(hours=14)
"""UTC+14, Kiribati: nowhere is the date later."""


@dataclass(frozen=True, slots=True)
class CommitmentContent:
    """What is signed. The first theme is ranked first."""

    themes: tuple[str, ...]
    signed_on: date


@dataclass(slots=True)
class Commitment:
    """`ordinal` and `made_at` are None until it counts, `submitted_at` where it counted at once.

    `answer_step` is which of its invitation's answers it is, None where these were not counted yet.
    `return_reason` is for the local government alone; `proof_id` shows the letter of one that was signed on paper.
    """

    id: UUID
    campaign_id: UUID
    network_id: UUID
    local_government_id: UUID
    invitation_id: UUID
    contact_id: UUID
    signatory_id: UUID
    language: str
    themes: tuple[str, ...]
    signed_on: date
    ordinal: int | None = None
    submitted_at: datetime | None = None
    made_at: datetime | None = None
    returned_at: datetime | None = None
    return_reason: str | None = None
    withdrawn_at: datetime | None = None
    recorded_by: str = BY_LINK
    proof_id: UUID | None = None
    answer_step: int | None = None
    fact_sequence: int = 0

    @property
    def status(self) -> str:
        """`submitted`, `returned`, `committed` or `withdrawn`."""
        if self.withdrawn_at:
            return WITHDRAWN
        if self.ordinal is not None:
            return COMMITTED
        return RETURNED if self.returned_at else SUBMITTED

    def fact(self, local_government: PublicLocalGovernment) -> CommitmentMade | CommitmentSubmitted:
        """Returns the fact of a new commitment, without its signatory."""
        return self.made(local_government) if self.submitted_at is None else self.submitted()

    def made(self, local_government: PublicLocalGovernment) -> CommitmentMade:
        """Returns the fact that the commitment counts, with what is public of its local government.

        Raises NotCounted.
        """
        if self.ordinal is None or self.made_at is None:
            raise NotCounted
        return CommitmentMade(
            commitment_id=self.id,
            campaign_id=self.campaign_id,
            network_id=self.network_id,
            local_government_id=self.local_government_id,
            name=local_government.name,
            country=local_government.country,
            region=local_government.region,
            latitude=local_government.latitude,
            longitude=local_government.longitude,
            invitation_id=self.invitation_id,
            contact_id=self.contact_id,
            language=self.language,
            ordinal=self.ordinal,
            themes=self.themes,
            signed_on=self.signed_on,
            made_at=self.made_at,
            imported=self.recorded_by == IMPORTED,
            answer_step=self.answer_step,
        )

    def submitted(self) -> CommitmentSubmitted:
        """Returns the fact that the commitment waits for its confirmation; raises NotSubmitted."""
        if self.submitted_at is None:
            raise NotSubmitted
        return CommitmentSubmitted(
            commitment_id=self.id,
            campaign_id=self.campaign_id,
            network_id=self.network_id,
            local_government_id=self.local_government_id,
            invitation_id=self.invitation_id,
            contact_id=self.contact_id,
            language=self.language,
            submitted_at=self.submitted_at,
            answer_step=self.answer_step,
        )


@dataclass(frozen=True, slots=True)
class NewCommitment:
    """What a commitment is made of: its content, the ids of it and its signatory, and when it was made."""

    invitation: Invitation
    content: CommitmentContent
    commitment_id: UUID
    signatory_id: UUID
    made_at: datetime


def commit(
    campaign: Campaign,
    invitation: Invitation,
    content: CommitmentContent,
    *,
    commitment_id: UUID,
    signatory_id: UUID,
    now: datetime,
    proof_id: UUID | None = None,
) -> tuple[Commitment, MilestoneReached | None]:
    """Returns the commitment, counted if the campaign counts at once, and the milestone that it reaches.

    With the proof of a signed letter it counts in any campaign: the secretariat itself saw the signature.
    Raises AlreadyCommitted, CommitmentIsWithdrawn, ThemesInvalid or SignedInFuture; then nothing has changed.
    """
    commitment = _new_commitment(campaign, NewCommitment(invitation, content, commitment_id, signatory_id, now))
    commitment.recorded_by, commitment.proof_id = (ON_PAPER, proof_id) if proof_id else (BY_LINK, None)
    if campaign.counts_at_once or proof_id:
        return commitment, _count(campaign, invitation, commitment, now)
    _answer(invitation, commitment, SUBMITTED)
    commitment.submitted_at = now
    return commitment, None


def commit_imported(
    campaign: Campaign, new: Iterable[NewCommitment]
) -> tuple[list[Commitment], list[MilestoneReached]]:
    """Returns the commitments in the order of their dates, all counted, and the milestones that they reach.

    They count at once in every campaign, since the secretariat imports them. Raises what `commit` raises.
    """
    commitments, milestones = [], []
    for given in sorted(new, key=lambda given: given.made_at):
        commitment = _new_commitment(campaign, given)
        commitment.recorded_by = IMPORTED
        milestone = _count(campaign, given.invitation, commitment, given.made_at)
        commitments.append(commitment)
        if milestone:
            milestones.append(milestone.model_copy(update={"imported": True}))
    return commitments, milestones


def _new_commitment(campaign: Campaign, given: NewCommitment) -> Commitment:
    invitation, content = given.invitation, given.content
    invitation.check_open()
    _check_content(content, campaign.themes, given.made_at)
    return Commitment(
        id=given.commitment_id,
        campaign_id=campaign.id,
        network_id=campaign.network_id,
        local_government_id=invitation.local_government_id,
        invitation_id=invitation.id,
        contact_id=invitation.contact_id,
        signatory_id=given.signatory_id,
        language=invitation.language,
        themes=content.themes,
        signed_on=content.signed_on,
    )


def _count(
    campaign: Campaign, invitation: Invitation, commitment: Commitment, now: datetime
) -> MilestoneReached | None:
    _answer(invitation, commitment, COMMITTED)
    milestone = campaign.count(commitment.id, now)
    commitment.ordinal, commitment.made_at = campaign.commitments_count, now
    return milestone


def _answer(invitation: Invitation, commitment: Commitment, status: str) -> None:
    invitation.answer(status)
    commitment.answer_step = invitation.answer_step


def confirm(
    campaign: Campaign,
    invitation: Invitation,
    commitment: Commitment,
    local_government: PublicLocalGovernment,
    now: datetime,
) -> tuple[CommitmentMade, MilestoneReached | None] | None:
    """Counts a submitted commitment. Returns its facts, or None if it counts already. Raises NotSubmitted."""
    if commitment.status == COMMITTED:
        return None
    if commitment.status != SUBMITTED:
        raise NotSubmitted
    milestone = _count(campaign, invitation, commitment, now)
    return commitment.made(local_government), milestone


def send_back(invitation: Invitation, commitment: Commitment, reason: str, now: datetime) -> CommitmentReturned | None:
    """Returns a submitted commitment to be made again. Returns None if it was returned already. Raises NotSubmitted."""
    if commitment.status == RETURNED:
        return None
    if commitment.status != SUBMITTED:
        raise NotSubmitted
    _answer(invitation, commitment, INTERESTED)
    commitment.returned_at, commitment.return_reason = now, reason
    return CommitmentReturned(
        commitment_id=commitment.id,
        campaign_id=commitment.campaign_id,
        network_id=commitment.network_id,
        local_government_id=commitment.local_government_id,
        invitation_id=commitment.invitation_id,
        contact_id=commitment.contact_id,
        language=commitment.language,
        returned_at=now,
        answer_step=commitment.answer_step,
    )


def withdraw(
    campaign: Campaign, invitation: Invitation, commitment: Commitment, now: datetime
) -> CommitmentWithdrawn | None:
    """Withdraws a counted commitment. Returns None if it was withdrawn already. Raises NotCounted."""
    if commitment.status == WITHDRAWN:
        return None
    if commitment.ordinal is None:
        raise NotCounted
    _answer(invitation, commitment, WITHDRAWN)
    commitment.withdrawn_at = now
    campaign.withdrawn_count += 1
    return CommitmentWithdrawn(
        commitment_id=commitment.id,
        campaign_id=commitment.campaign_id,
        network_id=commitment.network_id,
        local_government_id=commitment.local_government_id,
        ordinal=commitment.ordinal,
        withdrawn_at=now,
        answer_step=commitment.answer_step,
    )


def _check_content(content: CommitmentContent, offered: Collection[str], now: datetime) -> None:
    chosen = set(content.themes)
    if len(content.themes) != RANKED_THEMES or len(chosen) != RANKED_THEMES or not chosen <= set(offered):
        raise ThemesInvalid
    if content.signed_on > (now + EARLIEST_ZONE).date():
        raise SignedInFuture
