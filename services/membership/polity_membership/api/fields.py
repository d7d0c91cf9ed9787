"""Values that requests share: one-line texts, languages, zones, deadlines, maps of language to text."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, TypeVar

from polity_chassis.web.instants import Instant
from polity_contracts.membership.values import Deadline
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from polity_membership.errors import InvalidValue
from polity_membership.reference_data.reference import reference
from polity_membership.tabular_import.domain import field_parsers as cells
from polity_membership.values import addresses, texts

T = TypeVar("T")


def _rule(check: Callable[[str], T]) -> Callable[[str], T]:
    def checked(value: str) -> T:
        try:
            return check(value)
        except InvalidValue as bad:
            raise PydanticCustomError(bad.reason, bad.reason) from None

    return checked


def _language(value: str) -> str:
    return cells.language(value, reference().languages)


def _time_zone(value: str) -> str:
    if value not in reference().time_zones:
        raise InvalidValue("unknown_time_zone")
    return value


Line = Annotated[str, Field(max_length=1000), AfterValidator(_rule(texts.line_of_text))]
Email = Annotated[str, Field(max_length=1000), AfterValidator(_rule(addresses.email))]
Language = Annotated[str, Field(max_length=100), AfterValidator(_rule(_language))]
TimeZone = Annotated[str, Field(max_length=100), AfterValidator(_rule(_time_zone))]
Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
Paragraphs = Annotated[str, Field(max_length=50_000), AfterValidator(_rule(texts.paragraphs))]
Lines = Annotated[dict[Language, Line], Field(min_length=1, max_length=100)]
"""Language to one-line text."""
Texts = Annotated[dict[Language, Paragraphs], Field(min_length=1, max_length=100)]
"""Language to text of several paragraphs."""


class Body(BaseModel):
    """A request's body: what isn't known is refused, so that a misspelt field is not silently left out."""

    model_config = ConfigDict(extra="forbid")


class DeadlineIn(Body):
    """Any offset from UTC will do; the zone is the one in which people were told the deadline."""

    at: Instant
    time_zone: TimeZone

    def deadline(self) -> Deadline:
        """Returns the deadline in UTC."""
        return Deadline(at=self.at.astimezone(UTC), time_zone=self.time_zone)


class DeadlineOut(BaseModel):
    at: datetime
    time_zone: str
