"""Wires the service together."""

from polity_chassis.authorization.mandate_projection import mandate_consumer
from polity_chassis.operations.parked_routes import parked_router
from polity_chassis.service import Service
from polity_chassis.settings import ServiceSettings, load

from polity_reporting.http import answers, commitments, progress
from polity_reporting.projections.networks import NETWORKS
from polity_reporting.projections.progress import PROGRESS

NAME = "reporting"


def service() -> Service:
    """Returns the service with the settings of the environment."""
    consumers = (mandate_consumer(NAME), PROGRESS, NETWORKS)
    return Service(
        name=NAME,
        settings=load(ServiceSettings),
        routers=(progress.router, commitments.router, answers.router, parked_router(consumers)),
        consumers=consumers,
    )
