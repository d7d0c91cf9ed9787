"""Instants and days as callers write them: RFC 3339, so that no number passes for seconds since 1970."""

import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field
from pydantic_core import PydanticCustomError

_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_INSTANT = rf"{_DAY}[Tt ][0-9]{{2}}:[0-9]{{2}}(:[0-9]{{2}}(\.[0-9]+)?)?([Zz]|[+-][0-9]{{2}}:?[0-9]{{2}})"


def _written(form: str, reason: str) -> Callable[[Any], Any]:
    """Returns the check that a value is text of that form; Pydantic alone takes 0.5 and "99999999999" for instants."""
    whole = re.compile(form)

    def check(value: Any) -> Any:
        if isinstance(value, int | float) or (isinstance(value, str) and not whole.fullmatch(value)):
            raise PydanticCustomError(reason, reason)
        return value

    return check


def _near(instant: datetime) -> datetime:
    """Returns the instant if it is far from where another offset or zone would leave the calendar."""
    if not 1900 < instant.year < 3000:
        raise PydanticCustomError("out_of_range", "out_of_range")
    return instant


Instant = Annotated[
    AwareDatetime,
    BeforeValidator(_written(_INSTANT, "not_an_instant")),
    AfterValidator(_near),
    Field(json_schema_extra={"pattern": f"^{_INSTANT}$", "examples": ["2030-03-01T12:00:00+01:00"]}),
]
"""A moment with its offset from UTC."""

Day = Annotated[
    date,
    BeforeValidator(_written(_DAY, "not_a_day")),
    Field(json_schema_extra={"pattern": f"^{_DAY}$", "examples": ["2030-03-01"]}),
]
