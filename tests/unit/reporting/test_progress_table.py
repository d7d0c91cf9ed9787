"""The CSV of progress: tidy, honest about demonstrations, harmless in a spreadsheet."""

import csv
import io
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from polity_reporting.http.csv_text import safe
from polity_reporting.http.table import HEADER, in_fallback, table
from polity_reporting.storage.progress import Campaign, Counts, Day, Group, Milestone, Progress

CAMPAIGN_ID = UUID("0190f3a0-0000-7000-8000-000000000001")
PROGRESS = Progress(
    totals=Counts(invited=4, interested=1, committed=2, withdrawn=1, unanswered=0, declined=3),
    milestones=[
        Milestone(2, "2030-12-31", {}, datetime(2030, 1, 2, tzinfo=UTC), 2, datetime(2030, 1, 3, tzinfo=UTC), False),
        Milestone(10, None, {}, None, None, None, True),
    ],
    regions=[Group("039", Counts(2, 1, 1, committed=1)), Group("155", Counts(invited=1, declined=1))],
    countries=[Group("ES", Counts(2, 1, 1, committed=1)), Group("FR", Counts(invited=1, declined=1))],
    first_themes=[Group("water", Counts(committed=2))],
    days=[Day(date(2030, 1, 1), 4, 1, 1, 0, 0), Day(date(2030, 1, 2), 0, 0, 2, 1, 1)],
)


def _lines(*, demonstration: bool = False, label: str = "Water", told: bool = True) -> list[dict[str, str]]:
    campaign = Campaign(
        CAMPAIGN_ID,
        1,
        1,
        told,
        {"fr": "Villes", "en": "Cities"},
        "en",
        "UTC",
        {"water": {"en": label}},
        [],
        demonstration,
        date(2030, 1, 3),
    )
    return list(csv.DictReader(io.StringIO(table(campaign, PROGRESS, told=told), newline="")))


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\nx", "\0x"])
def test_a_cell_that_a_spreadsheet_would_compute_starts_with_an_apostrophe(cell: str) -> None:
    assert safe(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["Gwangju", "1+1", "", None, -3])
def test_other_cells_stay_as_they_are(cell: str | int | None) -> None:
    assert safe(cell) == cell


def test_a_label_written_by_a_network_cannot_become_a_formula() -> None:
    labels = [line["label"] for line in _lines(label='=HYPERLINK("x")')]
    assert '\'=HYPERLINK("x")' in labels


def test_each_line_is_one_observation() -> None:
    lines = [tuple(line[name] for name in HEADER[1:]) for line in _lines()]
    assert lines == [
        ("total", str(CAMPAIGN_ID), "Cities", "4", "1", "2", "0", "1", "", "", "3"),
        ("milestone", "2", "2030-01-02T00:00:00+00:00", "", "", "2", "", "", "2030-01-03T00:00:00+00:00", "", ""),
        ("milestone", "10", "", "", "", "", "", "", "", "yes", ""),
        ("region", "039", "", "", "", "1", "", "", "", "", ""),
        ("country", "ES", "", "", "", "1", "", "", "", "", ""),
        ("first_theme", "water", "Water", "", "", "2", "", "", "", "", ""),
        ("day", "2030-01-02", "", "", "", "1", "", "", "", "", ""),
    ]


def test_the_total_of_few_counts_those_who_pledged_alone() -> None:
    total, *others = [tuple(line[name] for name in HEADER[1:]) for line in _lines(told=False)]
    assert total == ("total", str(CAMPAIGN_ID), "Cities", "", "", "2", "", "1", "", "", "")
    assert others == [tuple(line[name] for name in HEADER[1:]) for line in _lines()][1:]


def test_every_line_of_a_demonstration_says_so() -> None:
    assert {line["note"] for line in _lines(demonstration=True)} == {"demonstration data"}
    assert {line["note"] for line in _lines()} == {""}


def test_a_text_without_its_fallback_language_shows_what_there_is() -> None:
    assert in_fallback({"ko": "물"}, "en") == "물"
    assert in_fallback({}, "en") is None
