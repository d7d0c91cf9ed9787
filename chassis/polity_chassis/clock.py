"""The clock as a value, so that tests choose the time; tokens, the database and Kafka have their own."""

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

AHEAD = timedelta(seconds=float(os.environ.get("POLITY_CLOCK_AHEAD_SECONDS") or 0))
"""Set for a whole run of the tests, in each of its processes; `ServiceSettings` says where a service may have it."""

Clock = Callable[[], datetime]
"""Returns the present instant, aware and in UTC."""


def utc_now() -> datetime:
    """Returns the present instant in UTC: the machine's, `AHEAD` of it where a test run has set the clock."""
    return datetime.now(UTC) + AHEAD  # noqa: TID251 - here and nowhere else
