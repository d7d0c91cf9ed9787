"""What the parts of one process share."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from polity_chassis.clock import Clock
from polity_chassis.database.engine import Database
from polity_chassis.observability.gauges import Gauge
from polity_chassis.settings import ServiceSettings


@dataclass
class Runtime:
    """What the parts of one process share; `withheld` while facts that were published are unknown here (`orphans`)."""

    settings: ServiceSettings
    database: Database
    clock: Clock
    gauges: list[Callable[[], Iterable[Gauge]]] = field(default_factory=list)
    """What the running parts add to /metrics; asked at each scrape, so cheap and without waiting."""
    withheld: bool = False
