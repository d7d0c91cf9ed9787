"""Wires the service together."""

from polity_chassis.authorization.mandate_projection import mandate_consumer
from polity_chassis.clock import utc_now
from polity_chassis.operations.parked_routes import parked_router
from polity_chassis.service import Service
from polity_chassis.settings import load

from polity_notifications.consumers.membership import membership_consumers
from polity_notifications.consumers.webhooks import webhook_consumer
from polity_notifications.http import deliveries, previews, webhook_log, webhook_types, webhooks
from polity_notifications.sender import send_mails
from polity_notifications.settings import Settings
from polity_notifications.upkeep import keep_up
from polity_notifications.webhooks.sender import send_webhooks

NAME = "notifications"


def service() -> Service:
    """Returns the service with the settings of the environment."""
    settings = load(Settings)
    consumers = (mandate_consumer(NAME), *membership_consumers(settings.limits, utc_now), webhook_consumer())
    return Service(
        name=NAME,
        settings=settings,
        routers=(
            deliveries.router,
            previews.router,
            webhooks.router,
            webhook_log.router,
            webhook_types.router,
            parked_router(consumers),
        ),
        consumers=consumers,
        background=(send_mails, send_webhooks, keep_up),
    )
