"""What a service is made of, and what its running process shares."""

from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter

from polity_chassis.clock import Clock
from polity_chassis.database.engine import Database
from polity_chassis.settings import ServiceSettings

if TYPE_CHECKING:
    from polity_chassis.authorization.access import Holds
    from polity_chassis.authorization.links import VerifiedLink
    from polity_chassis.messaging.consuming.consumer import Consumer
    from polity_chassis.messaging.publishing.restore_check import Aggregates


@dataclass(frozen=True, slots=True)
class Gauge:
    """One number of /metrics; `labels` are names and values."""

    name: str
    help: str
    value: float
    labels: tuple[tuple[str, str], ...] = ()


@dataclass
class Runtime:
    """What the parts of one process share; `withheld` while facts that were published are unknown here (`orphans`)."""

    settings: ServiceSettings
    database: Database
    clock: Clock
    gauges: list[Callable[[], Iterable[Gauge]]] = field(default_factory=list)
    """What the running parts add to /metrics; asked at each scrape, so cheap and without waiting."""
    withheld: bool = False


@dataclass(frozen=True)
class Service:
    """A service's parts. `background` are tasks of the worker role that run until cancelled."""

    name: str
    settings: ServiceSettings
    routers: Sequence[APIRouter]
    consumers: "Sequence[Consumer]" = ()
    aggregates: "Aggregates" = field(default_factory=dict)
    """What it publishes: topic to the tables whose rows number the facts."""
    background: Sequence[Callable[[Runtime], Coroutine[Any, Any, None]]] = ()
    holds: "Holds | None" = None
    """How access rules look a role up; None: in the service's own copy of the mandates, refused when stale."""
    verify_link: "Callable[[str], VerifiedLink] | None" = None
    """How routes for links check a token (raises BadLink); needed when there are such routes."""
