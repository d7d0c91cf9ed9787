"""What a service is made of: its routes, consumers, published topics and background tasks."""

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter

from polity_chassis.authorization.access import Holds
from polity_chassis.authorization.links import VerifiedLink
from polity_chassis.messaging.consuming.records import Consumer
from polity_chassis.messaging.publishing.restore_check import Aggregates
from polity_chassis.runtime import Runtime
from polity_chassis.settings import ServiceSettings


@dataclass(frozen=True)
class Service:
    """A service's parts. `background` are tasks of the worker role that run until cancelled."""

    name: str
    settings: ServiceSettings
    routers: Sequence[APIRouter]
    consumers: Sequence[Consumer] = ()
    aggregates: Aggregates = field(default_factory=dict)
    """What it publishes: topic to the tables whose rows number the facts."""
    background: Sequence[Callable[[Runtime], Coroutine[Any, Any, None]]] = ()
    holds: Holds | None = None
    """How access rules look a role up; None: in the service's own copy of the mandates, refused when stale."""
    verify_link: Callable[[str], VerifiedLink] | None = None
    """How routes for links check a token (raises BadLink); needed when there are such routes."""
