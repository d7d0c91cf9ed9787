"""All of membership's HTTP API."""

from polity_membership.http import (
    answers,
    campaigns,
    commitment_imports,
    commitments,
    contacts,
    desk,
    drafts,
    invitations,
    mandates,
    networks,
    paper,
    people,
    proofs,
    register,
)

# A request is compared with one route after the other: those that come in crowds stand first.
ROUTERS = (
    answers.router,
    networks.router,
    register.router,
    contacts.router,
    campaigns.router,
    desk.router,
    invitations.router,
    commitments.router,
    commitment_imports.router,
    drafts.router,
    paper.router,
    proofs.router,
    mandates.router,
    people.router,
)
