"""What a reader of progress gets as JSON: the public those who pledged, a secretariat everybody's answers."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict

Text = dict[str, str]
"""Language (BCP 47) to text."""


class Shape(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class PublicTotals(Shape):
    """`committed` pledges stand, `withdrawn` ones stand no longer.

    Of those who have not pledged the public is told totals: `invited` were ever asked; `interested`, `declined`,
    `submitted` and `unanswered` part those who have not pledged by what became of their answer. They are null while
    fewer than ten are invited and for any moment but now.
    """

    invited: int | None = None
    interested: int | None = None
    declined: int | None = None
    submitted: int | None = None
    committed: int
    withdrawn: int
    unanswered: int | None = None


class Region(BaseModel):
    """How many pledges of the region stand; `region` is a UN M49 sub-region, `unknown` for a moment after a pledge."""

    region: str
    committed: int


class Country(BaseModel):
    """How many pledges of the country stand; `country` is ISO 3166-1 alpha-2, `unknown` for a moment after a pledge."""

    country: str
    committed: int


class FirstTheme(BaseModel):
    theme: str
    label: Text
    committed: int


class Day(BaseModel):
    """How many of the pledges that stand were made on a day, which is that of the campaign's zone."""

    day: date
    committed: int


class Milestone(Shape):
    """`announced_at` is when the secretariat released it; `missed` says its day was over before it was reached."""

    threshold: int
    due: date | None
    occasion: Text
    reached_at: datetime | None
    ordinal: int | None
    announced_at: datetime | None
    missed: bool


class ProgressShape(BaseModel):
    """`as_of` is the moment asked for, or the moment of the answer. Groups count pledges that stand, nothing else."""

    campaign_id: UUID
    title: Text
    fallback_language: str
    time_zone: str
    demonstration: bool
    as_of: datetime
    totals: PublicTotals
    milestones: list[Milestone]
    by_region: list[Region]
    by_country: list[Country]
    by_first_theme: list[FirstTheme]
    by_day: list[Day]


class Totals(Shape):
    """Local governments: `invited` were ever asked; the others part them by what became of their answer.

    `declined` said "not this time" and may change their mind, `submitted` pledges wait for their confirmation,
    `committed` ones stand, `withdrawn` ones stand no longer.
    """

    invited: int
    interested: int
    declined: int
    submitted: int
    committed: int
    withdrawn: int
    unanswered: int


class RegionAnswers(Totals):
    region: str
    """UN M49 sub-region, `unknown` for a moment after an invitation."""


class CountryAnswers(Totals):
    country: str
    """ISO 3166-1 alpha-2, `unknown` for a moment after an invitation."""


class DayAnswers(Shape):
    """A day in the campaign's zone: how many were invited, said they are interested, committed and withdrew on it."""

    day: date
    invited: int
    interested: int
    committed: int
    withdrawn: int


class AnswersShape(BaseModel):
    """`as_of` is the moment asked for, or the moment of the answer."""

    campaign_id: UUID
    as_of: datetime
    totals: Totals
    by_region: list[RegionAnswers]
    by_country: list[CountryAnswers]
    by_day: list[DayAnswers]
