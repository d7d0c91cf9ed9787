"""Pledges of earlier waves brought in together count as if they had been given one by one, in their order."""

from copy import deepcopy
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from polity_contracts.membership.campaigns import Milestone, MilestoneReached
from polity_contracts.membership.values import Deadline
from polity_membership.campaigns.domain import Campaign
from polity_membership.commitments.domain import (
    IMPORTED,
    Commitment,
    CommitmentContent,
    NewCommitment,
    commit,
    commit_imported,
)
from polity_membership.commitments.errors import ThemesInvalid
from polity_membership.invitations.domain import COMMITTED, Invitation
from polity_membership.invitations.errors import AlreadyCommitted

EPOCH = datetime(2015, 1, 1, tzinfo=UTC)
DEADLINE = Deadline(at=datetime(2030, 1, 1, tzinfo=UTC), time_zone="Europe/Madrid")
TEXT = {"en": "Text"}
THEMES = ("water", "housing", "peace")


def campaign_with(thresholds: set[int], counted: int, withdrawn: int, *, at_once: bool = True) -> Campaign:
    """A campaign under way; what it has reached is what it counted in its time, before anything was withdrawn."""
    return Campaign(
        id=uuid4(), network_id=uuid4(), title=TEXT, objectives=TEXT, commitment_text=TEXT, fallback_language="en",
        themes=dict.fromkeys(THEMES, TEXT), milestones=tuple(Milestone(threshold=t) for t in sorted(thresholds)),
        reply_by=DEADLINE, demonstration=False, opened_at=EPOCH, counts_at_once=at_once, commitments_count=counted,
        withdrawn_count=withdrawn, reached_threshold=max((t for t in thresholds if t <= counted), default=0),
    )  # fmt: skip


def commitment_made(campaign: Campaign, minutes: int, themes: tuple[str, ...] = THEMES) -> NewCommitment:
    invitation = Invitation(
        id=uuid4(), campaign_id=campaign.id, network_id=campaign.network_id, local_government_id=uuid4(),
        contact_id=uuid4(), language="es", wave="2021", reply_by=DEADLINE, issued_at=EPOCH,
    )  # fmt: skip
    return NewCommitment(
        invitation, CommitmentContent(themes, date(2015, 1, 1)), uuid4(), uuid4(), EPOCH + timedelta(minutes=minutes)
    )


def one_by_one(campaign: Campaign, pledges: list[NewCommitment]) -> tuple[list[Commitment], list[MilestoneReached]]:
    made = [
        commit(
            campaign,
            one.invitation,
            one.content,
            commitment_id=one.commitment_id,
            signatory_id=one.signatory_id,
            now=one.made_at,
        )
        for one in pledges
    ]
    return [commitment for commitment, _ in made], [reached for _, reached in made if reached]


@given(
    st.sets(st.integers(1, 40), max_size=8),
    st.integers(0, 20),
    st.integers(0, 20),
    st.lists(st.integers(0, 100_000), max_size=30),
)
def test_together_or_one_by_one_is_the_same(
    thresholds: set[int], counted: int, withdrawn: int, minutes: list[int]
) -> None:
    together = campaign_with(thresholds, counted, min(counted, withdrawn))
    pledges = [commitment_made(together, minute) for minute in minutes]
    alone, given_alone = deepcopy(together), deepcopy(pledges)
    commitments, milestones = commit_imported(together, pledges)
    given_alone.sort(key=lambda one: one.made_at)
    expected, reached = one_by_one(alone, given_alone)
    assert commitments == [replace(one, recorded_by=IMPORTED) for one in expected]
    assert together == alone
    assert [one.invitation.status for one in pledges] == [COMMITTED] * len(pledges)
    assert milestones == [one.model_copy(update={"imported": True}) for one in reached]
    dates: dict[UUID, datetime] = {one.commitment_id: one.made_at for one in pledges}
    assert all(one.reached_at == dates[one.commitment_id] for one in milestones)


def test_they_count_where_others_wait_for_a_confirmation() -> None:
    campaign = campaign_with({1}, 0, 0, at_once=False)
    commitments, milestones = commit_imported(campaign, [commitment_made(campaign, 1)])
    assert [one.ordinal for one in commitments] == [1]
    assert [one.threshold for one in milestones] == [1]


def test_a_commitment_that_could_not_be_given_cannot_be_brought_in() -> None:
    campaign = campaign_with(set(), 0, 0)
    twice = commitment_made(campaign, 1)
    with pytest.raises(AlreadyCommitted):
        commit_imported(campaign, [twice, twice])
    with pytest.raises(ThemesInvalid):
        commit_imported(campaign, [commitment_made(campaign, 1, ("water", "peace", "unknown"))])
