"""All tables of the service, as its migrations make them."""

from polity_membership.answers import tables as answers
from polity_membership.campaigns import tables as campaigns
from polity_membership.commitments import tables as commitments
from polity_membership.database.metadata import membership_metadata
from polity_membership.erasures import tables as erasures
from polity_membership.invitations import tables as invitations
from polity_membership.local_governments import tables as local_governments
from polity_membership.mandates import tables as mandates
from polity_membership.networks import tables as networks
from polity_membership.people import tables as people
from polity_membership.proofs import tables as proofs

NOUNS = (answers, campaigns, commitments, erasures, invitations, local_governments, mandates, networks, people, proofs)
"""The modules whose import declares the tables."""
metadata = membership_metadata
