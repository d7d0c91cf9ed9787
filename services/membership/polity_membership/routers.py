"""All of membership's HTTP API."""

from polity_membership.answers.http.answers import router as answers
from polity_membership.answers.http.drafts import router as drafts
from polity_membership.campaign_overview.http import router as campaign_overview
from polity_membership.campaigns.http import router as campaigns
from polity_membership.commitment_imports.http import router as commitment_imports
from polity_membership.commitments.http.commitments import router as commitments
from polity_membership.commitments.http.paper_answers import router as paper_answers
from polity_membership.erasures.http import router as erasures
from polity_membership.invitations.http import router as invitations
from polity_membership.local_governments.http.contacts import router as contacts
from polity_membership.local_governments.http.local_governments import router as local_governments
from polity_membership.mandates.http import router as mandates
from polity_membership.networks.http import router as networks
from polity_membership.proofs.http import router as proofs
from polity_membership.register_imports.http import router as register_imports

ROUTERS = (
    answers,
    networks,
    register_imports,
    local_governments,
    contacts,
    campaigns,
    campaign_overview,
    invitations,
    commitments,
    commitment_imports,
    drafts,
    paper_answers,
    proofs,
    mandates,
    erasures,
)
"""A request is compared with one route after the other: those that many send at once stand first."""
