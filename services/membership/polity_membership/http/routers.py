"""All of membership's HTTP API."""

from polity_membership.http import answers, campaigns, desk, invitations, mandates, networks, people, register

ROUTERS = (
    networks.router,
    register.router,
    campaigns.router,
    desk.router,
    invitations.router,
    answers.router,
    mandates.router,
    people.router,
)
