"""The routers of the package, in the order in which the application includes them."""

from polity_portal.auth import mandate_acceptance, sign_in

ROUTERS = (
    sign_in.router,
    mandate_acceptance.router,
)
