"""The routers of the package, in the order in which the application includes them."""

from polity_portal.public import home, pages

ROUTERS = (
    home.router,
    pages.router,
)
