"""The counter of lost and doubled goes red for each single loss and each single doubling."""

import copy
from collections.abc import Callable

import pytest
from polity_local.demo.cities import Acknowledged
from polity_local.demo.counting import Seen, judge

CITIES = range(1, 13)
ACKNOWLEDGED = Acknowledged(
    campaign_id="campaign", network_id="network", invited=12, committed={f"commitment-{n}": n for n in CITIES}
)
SEEN = Seen(
    commitments=[(f"commitment-{n}", f"city-{n}", n) for n in CITIES],
    milestones=[(10, 10)],
    # One record came twice from the relay, under the same id: at least once is what Kafka promises.
    commitment_facts=[*((f"commitment-{n}", f"fact-{n}") for n in CITIES), ("commitment-3", "fact-3")],
    milestone_facts=[(10, 10, "fact-m")],
    projected=[f"city-{n}" for n in CITIES],
    projected_milestones=[(10, 10)],
    deliveries=[(f"delivery-{n}", "thank_you", f"city-{n} person-{n}", "sent") for n in CITIES],
    mails=[f"delivery-{n}" for n in CITIES],
)


def test_nothing_lost_and_nothing_doubled_is_green() -> None:
    verdict = judge(ACKNOWLEDGED, (10, 100, 1000), SEEN)
    assert (verdict.lost, verdict.doubled, verdict.doubled_mails) == ([], [], 0)


LOSSES: dict[str, Callable[[Seen], object]] = {
    "a commitment": lambda seen: seen.commitments.pop(),
    "a commitment's fact": lambda seen: seen.commitment_facts.pop(0),
    "a milestone": lambda seen: seen.milestones.clear(),
    "a milestone's fact": lambda seen: seen.milestone_facts.clear(),
    "a projected commitment": lambda seen: seen.projected.pop(),
    "a projected milestone": lambda seen: seen.projected_milestones.clear(),
    "a delivery": lambda seen: seen.deliveries.pop(),
    "a mail": lambda seen: seen.mails.pop(),
}


@pytest.mark.parametrize("lose", LOSSES.values(), ids=LOSSES)
def test_each_loss_is_seen(lose: Callable[[Seen], object]) -> None:
    seen = copy.deepcopy(SEEN)
    lose(seen)
    assert judge(ACKNOWLEDGED, (10, 100, 1000), seen).lost


DOUBLINGS: dict[str, Callable[[Seen], object]] = {
    "a commitment": lambda seen: seen.commitments.append(seen.commitments[0]),
    "an ordinal": lambda seen: seen.commitments.append(("commitment-13", "city-13", 12)),
    "a commitment's fact": lambda seen: seen.commitment_facts.append(("commitment-1", "another-fact")),
    "a milestone": lambda seen: seen.milestones.append((10, 10)),
    "a milestone on the wrong commitment": lambda seen: seen.milestones.append((10, 11)),
    "a milestone's fact": lambda seen: seen.milestone_facts.append((10, 10, "another-fact")),
    "a projected commitment": lambda seen: seen.projected.append("city-1"),
    "a projected milestone": lambda seen: seen.projected_milestones.append((10, 10)),
    "a delivery": lambda seen: seen.deliveries.append(("other", "thank_you", "city-1 person-1", "sent")),
}


@pytest.mark.parametrize("double", DOUBLINGS.values(), ids=DOUBLINGS)
def test_each_doubling_is_seen(double: Callable[[Seen], object]) -> None:
    seen = copy.deepcopy(SEEN)
    double(seen)
    assert judge(ACKNOWLEDGED, (10, 100, 1000), seen).doubled


def test_a_doubled_mail_is_counted_by_its_stable_id() -> None:
    seen = copy.deepcopy(SEEN)
    seen.mails.append("delivery-5")
    assert judge(ACKNOWLEDGED, (10, 100, 1000), seen).doubled_mails == 1
