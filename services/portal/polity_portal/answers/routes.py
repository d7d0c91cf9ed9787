"""The routers of the package, in the order in which the application includes them."""

from polity_portal.answers import answer, letter

ROUTERS = (
    answer.router,
    letter.router,
)
