"""Progress as a tidy CSV table (RFC 4180, UTF-8): one observation a line, the section says of what."""

from collections.abc import Iterator

from polity_reporting.http.csv_text import Cell, csv_text
from polity_reporting.http.reading import DEMONSTRATION
from polity_reporting.storage.progress import Campaign, Counts, Progress, pledged

HEADER = (
    "note", "section", "key", "label", "invited", "interested", "committed", "submitted", "withdrawn", "announced_at",
    "missed", "declined",
)  # fmt: skip
"""Only the line of the total counts others than those who pledged."""


def table(campaign: Campaign, progress: Progress, *, told: bool) -> str:
    """Returns the CSV text; a line's first cell says so where the campaign is a demonstration.

    Unless `told`, it has no totals of those who have not pledged. A milestone's `committed` is the ordinal it fell on,
    its label the instant it was reached (empty: not yet).
    """
    note = DEMONSTRATION if campaign.demonstration else ""
    lines = ((note, *line) for line in _lines(campaign, progress, told=told))
    return csv_text(HEADER, ((*line, *[None] * (len(HEADER) - len(line))) for line in lines))


def _lines(campaign: Campaign, progress: Progress, *, told: bool) -> Iterator[tuple[Cell, ...]]:
    title = in_fallback(campaign.title, campaign.fallback_language)
    yield ("total", str(campaign.campaign_id), title, *_numbers(progress.totals, told=told))
    for milestone in progress.milestones:
        reached = milestone.reached_at.isoformat() if milestone.reached_at else None
        announced = milestone.announced_at.isoformat() if milestone.announced_at else None
        missed = "yes" if milestone.missed else None
        yield ("milestone", milestone.threshold, reached, None, None, milestone.ordinal, None, None, announced, missed)
    for section, groups in (("region", progress.regions), ("country", progress.countries)):
        for key, count in pledged(groups):
            yield (section, key, None, None, None, count)
    for key, count in pledged(progress.first_themes):
        label = in_fallback(campaign.themes.get(key, {}), campaign.fallback_language)
        yield ("first_theme", key, label, None, None, count)
    for day in progress.days:
        if day.standing:
            yield ("day", day.day.isoformat(), None, None, None, day.standing)


def _numbers(counts: Counts, *, told: bool) -> tuple[int | None, ...]:
    if not told:
        return (None, None, counts.committed, None, counts.withdrawn)
    numbers = (counts.invited, counts.interested, counts.committed, counts.submitted, counts.withdrawn)
    return (*numbers, None, None, counts.declined)


def in_fallback(text: dict[str, str], language: str) -> str | None:
    """Returns the text in the declared language, else in any that there is, else None."""
    return text.get(language) or next(iter(text.values()), None)
