"""A deadline is shown where its reader is and where it was set."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class LocalTimes:
    """The same instant on the clock of the city and on that of the network; None when the two clocks agree."""

    city: datetime
    network: datetime | None


def local_times(at: datetime, city_zone: str, network_zone: str) -> LocalTimes:
    """Returns the instant in both IANA zones; raises ZoneInfoNotFoundError for a zone that isn't known."""
    city, network = at.astimezone(ZoneInfo(city_zone)), at.astimezone(ZoneInfo(network_zone))
    return LocalTimes(city, network if network.utcoffset() != city.utcoffset() else None)
