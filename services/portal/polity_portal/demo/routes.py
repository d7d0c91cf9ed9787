"""The routers of the package, in the order in which the application includes them."""

from polity_portal.demo import about, tour

ROUTERS = (about.router, tour.router)
