"""Wires the service together."""

from polity_chassis.authorization.mandate_projection import mandate_consumer
from polity_chassis.operations.parked_routes import parked_router
from polity_chassis.service import Service
from polity_chassis.settings import ServiceSettings, load

NAME = "events"


def service() -> Service:
    """Returns the service with the settings of the environment."""
    consumers = (mandate_consumer(NAME),)
    return Service(name=NAME, settings=load(ServiceSettings), routers=(parked_router(consumers),), consumers=consumers)
