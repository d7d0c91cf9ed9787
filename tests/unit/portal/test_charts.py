"""The drawings of a campaign's progress."""

from datetime import UTC, datetime
from typing import Any

import pytest
from polity_portal.web.charts import round_up, running_total, share
from polity_portal.web.milestones import next_milestone, steps

NOW = datetime(2026, 7, 20, 10, 0, tzinfo=UTC)


def campaign_with(commitments: int, *milestones: dict[str, Any]) -> dict[str, Any]:
    shown = [{"due": None, "reached_at": None, **milestone} for milestone in milestones]
    return {"milestones": shown, "commitments": commitments, "reply_by": {"time_zone": "Asia/Seoul"}}


def test_days_without_a_row_keep_the_total() -> None:
    days: list[dict[str, str | int]] = [{"day": "2026-07-01", "committed": 5}, {"day": "2026-07-03", "committed": 5}]
    curve = running_total(days, "committed")
    assert curve is not None
    assert (curve.line, curve.top) == ("0.0,100.0 300.0,100.0 600.0,0.0", 10)


def test_a_single_day_is_drawn_as_a_rise() -> None:
    curve = running_total([{"day": "2026-07-01", "committed": 10}], "committed")
    assert curve is not None
    assert curve.line == "0.0,200.0 600.0,0.0"


@pytest.mark.parametrize("days", [[], [{"day": "2026-07-01", "committed": 0}]])
def test_nothing_is_drawn_of_nothing(days: list[dict[str, str | int]]) -> None:
    assert running_total(days, "committed") is None


@pytest.mark.parametrize(("value", "top"), [(0, 10), (10, 10), (11, 20), (37, 50), (51, 100), (1001, 2000)])
def test_the_upper_edge_is_a_round_number(value: int, top: int) -> None:
    assert round_up(value) == top


def test_shares_stay_between_nothing_and_all() -> None:
    assert [share(1, 3), share(5, 4), share(1, 0)] == [33.3, 100.0, 0.0]


def test_each_milestone_fills_its_own_stretch() -> None:
    reached = {"threshold": 10, "reached_at": "2026-07-01T00:00:00Z"}
    campaign = campaign_with(55, {"threshold": 100}, reached, {"threshold": 1000})
    assert next_milestone(campaign) == 100
    assert [(s["threshold"], s["filled"], s["next"]) for s in steps(campaign, NOW)] == [
        (10, 100.0, False),
        (100, 50.0, True),
        (1000, 0.0, False),
    ]


def test_a_reached_milestone_stays_reached_when_the_count_falls() -> None:
    campaign = campaign_with(9, {"threshold": 10, "reached_at": "2026-07-01T00:00:00Z"})
    assert steps(campaign, NOW)[0]["filled"] == 100.0
    assert next_milestone(campaign) is None


@pytest.mark.parametrize(
    ("due", "reached_at", "missed"),
    [
        (None, None, False),
        ("2026-07-20", None, False),
        ("2026-07-19", None, True),
        ("2026-07-19", "2026-07-19T14:59:00Z", False),
        ("2026-07-19", "2026-07-19T15:01:00Z", True),
    ],
)
def test_a_day_is_missed_once_it_is_over_in_the_campaign_s_zone(
    due: str | None, reached_at: str | None, missed: bool
) -> None:
    campaign = campaign_with(9, {"threshold": 10, "due": due, "reached_at": reached_at})
    assert steps(campaign, NOW)[0]["missed"] is missed
