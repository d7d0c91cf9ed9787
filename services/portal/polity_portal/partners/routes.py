"""The routers of the package, in the order in which the application includes them."""

from polity_portal.partners import api_documentation, webhooks

ROUTERS = (
    api_documentation.router,
    webhooks.router,
)
