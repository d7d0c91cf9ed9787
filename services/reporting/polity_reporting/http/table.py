"""Progress as a tidy CSV table (RFC 4180, UTF-8): one observation a line, the section says of what."""

from collections.abc import Iterable, Iterator

from polity_reporting.http.csv_text import Cell, csv_text
from polity_reporting.http.reading import DEMONSTRATION
from polity_reporting.storage.progress import Campaign, Counts, Group, Progress

HEADER = (
    "note", "section", "key", "label", "invited", "interested", "committed", "submitted", "withdrawn", "announced_at",
    "missed", "declined",
)  # fmt: skip


def table(campaign: Campaign, progress: Progress) -> str:
    """Returns the CSV text; a line's first cell says so where the campaign is a demonstration.

    A milestone's `committed` is the ordinal it fell on, its label the instant it was reached (empty: not yet).
    """
    note = DEMONSTRATION if campaign.demonstration else ""
    lines = ((note, *line) for line in _lines(campaign, progress))
    return csv_text(HEADER, ((*line, *[None] * (len(HEADER) - len(line))) for line in lines))


def _lines(campaign: Campaign, progress: Progress) -> Iterator[tuple[Cell, ...]]:
    title = in_fallback(campaign.title, campaign.fallback_language)
    yield ("total", str(campaign.campaign_id), title, *_numbers(progress.totals))
    for milestone in progress.milestones:
        reached = milestone.reached_at.isoformat() if milestone.reached_at else None
        announced = milestone.announced_at.isoformat() if milestone.announced_at else None
        missed = "yes" if milestone.missed else None
        yield ("milestone", milestone.threshold, reached, None, None, milestone.ordinal, None, None, announced, missed)
    yield from _grouped("region", progress.regions)
    yield from _grouped("country", progress.countries)
    for group in progress.first_themes:
        label = in_fallback(campaign.themes.get(group.key, {}), campaign.fallback_language)
        yield ("first_theme", group.key, label, None, None, group.counts.committed)
    for day in progress.days:
        yield ("day", day.day.isoformat(), None, day.invited, day.interested, day.committed, None, day.withdrawn)


def _grouped(section: str, groups: Iterable[Group]) -> Iterator[tuple[Cell, ...]]:
    for group in groups:
        yield (section, group.key, None, *_numbers(group.counts))


def _numbers(counts: Counts) -> tuple[int | None, ...]:
    numbers = (counts.invited, counts.interested, counts.committed, counts.submitted, counts.withdrawn)
    return (*numbers, None, None, counts.declined)


def in_fallback(text: dict[str, str], language: str) -> str | None:
    """Returns the text in the declared language, else in any that there is, else None."""
    return text.get(language) or next(iter(text.values()), None)
