"""The clock as a value, so that tests and the demo choose the time."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Returns the present instant, aware and in UTC."""


def utc_now() -> datetime:
    """Returns the machine's present instant in UTC."""
    return datetime.now(UTC)
