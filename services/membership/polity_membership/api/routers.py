"""All of membership's HTTP API."""

from polity_membership.answers.http import answers, drafts
from polity_membership.campaign_overview import http as desk
from polity_membership.campaigns import http as campaigns
from polity_membership.commitment_imports import http as commitment_imports
from polity_membership.commitments.http import commitments
from polity_membership.commitments.http import paper_answers as paper
from polity_membership.erasures import http as people
from polity_membership.invitations import http as invitations
from polity_membership.local_governments.http import contacts
from polity_membership.mandates import http as mandates
from polity_membership.networks import http as networks
from polity_membership.proofs import http as proofs
from polity_membership.register_imports import http as register

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
