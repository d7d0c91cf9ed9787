"""What counts and when: in whatever order pledges are given, confirmed, returned and withdrawn, the count is right."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from polity_contracts.membership.campaigns import Milestone, MilestoneReached
from polity_contracts.membership.values import Deadline
from polity_membership.campaigns.domain import Campaign
from polity_membership.commitments.domain import Commitment, CommitmentContent, commit, confirm, send_back, withdraw
from polity_membership.commitments.errors import NotCounted, NotSubmitted
from polity_membership.errors import NotFound, Refused
from polity_membership.invitations.domain import Invitation
from polity_membership.invitations.errors import CommitmentIsWithdrawn
from polity_membership.local_governments.domain import PublicLocalGovernment

NOW = datetime(2030, 3, 1, 12, tzinfo=UTC)
THRESHOLDS = (1, 2, 5)
CITIES = 8
PLACE = PublicLocalGovernment("City", "ES", "039", 41.38, 2.17)


def campaign(*, counts_at_once: bool, milestones: tuple[Milestone, ...] | None = None) -> Campaign:
    text = {"en": "Text"}
    return Campaign(
        id=uuid4(),
        network_id=uuid4(),
        title=text,
        objectives=text,
        commitment_text=text,
        fallback_language="en",
        themes=dict.fromkeys(("water", "housing", "peace"), text),
        milestones=milestones or tuple(Milestone(threshold=threshold) for threshold in THRESHOLDS),
        reply_by=Deadline(at=NOW, time_zone="Asia/Seoul"),
        demonstration=True,
        opened_at=NOW,
        counts_at_once=counts_at_once,
    )


class Story:
    """One campaign and what its cities and its secretariat do; whatever is refused changes nothing."""

    def __init__(self, *, counts_at_once: bool) -> None:
        self.campaign = campaign(counts_at_once=counts_at_once)
        self.invitations = [self._invitation() for _ in range(CITIES)]
        self.commitments: dict[int, Commitment] = {}
        self.reached: list[tuple[MilestoneReached, int]] = []
        """Each milestone with how many stood when it was reached."""

    def _invitation(self) -> Invitation:
        one = self.campaign
        deadline = one.reply_by
        return Invitation(uuid4(), one.id, one.network_id, uuid4(), uuid4(), "en", "first", deadline, NOW)

    def do(self, act: str, city: int) -> None:
        try:
            milestone = getattr(self, act)(self.invitations[city], city)
        except Refused:
            return
        if milestone:
            self.reached.append((milestone, self.standing()))

    def pledge(self, invitation: Invitation, city: int) -> MilestoneReached | None:
        earlier = self.commitments.get(city)
        pledge = CommitmentContent(("water", "housing", "peace"), date(2030, 3, 1))
        made, milestone = commit(
            self.campaign, invitation, pledge, commitment_id=earlier.id if earlier else uuid4(),
            signatory_id=uuid4(), now=NOW,
        )  # fmt: skip
        self.commitments[city] = made
        return milestone

    def confirm(self, invitation: Invitation, city: int) -> MilestoneReached | None:
        confirmed = confirm(self.campaign, invitation, self._given(city), PLACE, NOW)
        return confirmed[1] if confirmed else None

    def send_back(self, invitation: Invitation, city: int) -> None:
        send_back(invitation, self._given(city), "unsigned", NOW)

    def withdraw(self, invitation: Invitation, city: int) -> None:
        withdraw(self.campaign, invitation, self._given(city), NOW)

    def standing(self) -> int:
        return sum(one.status == "committed" for one in self.commitments.values())

    def _given(self, city: int) -> Commitment:
        if city not in self.commitments:
            raise NotFound
        return self.commitments[city]


ACTS = st.lists(
    st.tuples(st.sampled_from(["pledge", "pledge", "confirm", "send_back", "withdraw"]), st.integers(0, CITIES - 1)),
    max_size=60,
)


@given(acts=ACTS, counts_at_once=st.booleans())
def test_in_any_order_ordinals_are_dense_the_count_is_what_stands_and_milestones_fall_once(
    acts: list[tuple[str, int]], counts_at_once: bool
) -> None:
    story = Story(counts_at_once=counts_at_once)
    most = 0
    for act, city in acts:
        story.do(act, city)
        assert story.campaign.standing == story.standing()
        most = max(most, story.standing())
    ordinals = sorted(one.ordinal for one in story.commitments.values() if one.ordinal is not None)
    assert ordinals == list(range(1, story.campaign.commitments_count + 1))
    assert [fact.threshold for fact, _ in story.reached] == [t for t in THRESHOLDS if t <= most]
    assert all(fact.threshold == standing for fact, standing in story.reached)
    for city, one in story.commitments.items():
        expected = "interested" if one.status == "returned" else one.status
        assert story.invitations[city].status == expected


def test_a_milestone_once_reached_is_not_reached_again_after_a_withdrawal() -> None:
    story = Story(counts_at_once=True)
    for act, city in (("pledge", 0), ("pledge", 1), ("withdraw", 0), ("pledge", 2)):
        story.do(act, city)
    assert [(fact.threshold, fact.ordinal) for fact, _ in story.reached] == [(1, 1), (2, 2)]
    assert (story.campaign.standing, story.campaign.commitments_count) == (2, 3)


def test_a_withdrawal_before_the_threshold_moves_the_milestone_to_a_later_ordinal() -> None:
    story = Story(counts_at_once=True)
    for act, city in (("pledge", 0), ("withdraw", 0), ("pledge", 1), ("pledge", 2)):
        story.do(act, city)
    assert [(fact.threshold, fact.ordinal) for fact, _ in story.reached] == [(1, 1), (2, 3)]


REFUSED: dict[str, tuple[tuple[str, ...], str, type[Refused]]] = {
    "confirming what was returned": (("pledge", "send_back"), "confirm", NotSubmitted),
    "confirming what was withdrawn": (("pledge", "confirm", "withdraw"), "confirm", NotSubmitted),
    "returning what counts": (("pledge", "confirm"), "send_back", NotSubmitted),
    "withdrawing what doesn't count yet": (("pledge",), "withdraw", NotCounted),
    "pledging again after a withdrawal": (("pledge", "confirm", "withdraw"), "pledge", CommitmentIsWithdrawn),
}


@pytest.mark.parametrize("rule", REFUSED)
def test_it_is_refused(rule: str) -> None:
    before, act, refusal = REFUSED[rule]
    story = Story(counts_at_once=False)
    for done in before:
        story.do(done, 0)
    with pytest.raises(refusal):
        getattr(story, act)(story.invitations[0], 0)


TWICE: dict[str, tuple[str, ...]] = {
    "confirm": ("pledge",),
    "withdraw": ("pledge", "confirm"),
    "send_back": ("pledge",),
}


@pytest.mark.parametrize("act", TWICE)
def test_done_twice_it_is_done_once(act: str) -> None:
    story = Story(counts_at_once=False)
    for done in (*TWICE[act], act):
        story.do(done, 0)
    before = (story.campaign.standing, story.commitments[0].status)
    getattr(story, act)(story.invitations[0], 0)
    assert (story.campaign.standing, story.commitments[0].status) == before


SEOUL_MIDNIGHT = datetime(2030, 3, 1, 15, tzinfo=UTC)
"""The first instant of March 2nd in the campaign's zone."""
DUE = date(2030, 3, 1)
MISSED: dict[str, tuple[date | None, datetime | None, datetime, bool]] = {
    "no day was named": (None, None, NOW + timedelta(days=999), False),
    "the day isn't over in the campaign's zone": (DUE, None, SEOUL_MIDNIGHT - timedelta(seconds=1), False),
    "the day is over in the campaign's zone": (DUE, None, SEOUL_MIDNIGHT, True),
    "it was reached on the day and a year went by": (DUE, NOW, NOW + timedelta(days=365), False),
    "it was reached after the day": (DUE, SEOUL_MIDNIGHT, NOW + timedelta(days=365), True),
}


@pytest.mark.parametrize("case", MISSED)
def test_a_date_is_missed_when_it_is_over_where_the_campaign_is(case: str) -> None:
    due, reached_at, now, expected = MISSED[case]
    milestone = Milestone(threshold=1, due=due)
    one: Any = campaign(counts_at_once=True, milestones=(milestone,))
    assert one.missed(milestone, reached_at, now) is expected
