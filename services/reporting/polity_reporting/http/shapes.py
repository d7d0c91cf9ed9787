"""What a reader of progress gets as JSON."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict

Text = dict[str, str]
"""Language (BCP 47) to text."""


class Shape(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class Totals(Shape):
    """Local governments: `invited` were ever asked; the other three part them by their furthest answer."""

    invited: int
    interested: int
    committed: int
    unanswered: int


class Region(Totals):
    region: str
    """UN M49 sub-region, `unknown` for a moment after an invitation."""


class Country(Totals):
    country: str
    """ISO 3166-1 alpha-2, `unknown` for a moment after an invitation."""


class FirstTheme(BaseModel):
    theme: str
    label: Text
    committed: int


class Day(Shape):
    """A day in the campaign's zone: how many were invited, said they are interested, and committed on it."""

    day: date
    invited: int
    interested: int
    committed: int


class Milestone(Shape):
    threshold: int
    due: date | None
    occasion: Text
    reached_at: datetime | None
    ordinal: int | None


class ProgressShape(BaseModel):
    """`as_of` is the moment asked for, or the moment of the answer."""

    campaign_id: UUID
    title: Text
    fallback_language: str
    time_zone: str
    demonstration: bool
    as_of: datetime
    totals: Totals
    milestones: list[Milestone]
    by_region: list[Region]
    by_country: list[Country]
    by_first_theme: list[FirstTheme]
    by_day: list[Day]
