"""Whose secretariat may touch a row: the network that the row belongs to."""

from uuid import UUID

from polity_chassis.authorization.access import OPERATOR, role
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.requests import Request

from polity_membership.mandates.domain import SECRETARIAT
from polity_membership.mandates.queries import holds
from polity_membership.networks.queries import network_of
from polity_membership.people.queries import networks_knowing


def _id(request: Request, name: str) -> UUID | None:
    try:
        return UUID(request.path_params[name])
    except ValueError:
        return None


async def network_of_campaign(session: AsyncSession, request: Request) -> UUID | None:
    campaign_id = _id(request, "campaign_id")
    return campaign_id and await network_of(session, "campaign", campaign_id)


async def network_of_invitation(session: AsyncSession, request: Request) -> UUID | None:
    invitation_id = _id(request, "invitation_id")
    return invitation_id and await network_of(session, "invitation", invitation_id)


async def network_of_proof(session: AsyncSession, request: Request) -> UUID | None:
    proof_id = _id(request, "proof_id")
    return proof_id and await network_of(session, "proof", proof_id)


async def network_of_commitment(session: AsyncSession, request: Request) -> UUID | None:
    commitment_id = _id(request, "commitment_id")
    return commitment_id and await network_of(session, "commitment", commitment_id)


async def network_of_local_government(session: AsyncSession, request: Request) -> UUID | None:
    local_government_id = _id(request, "local_government_id")
    return local_government_id and await network_of(session, "local_government", local_government_id)


async def network_of_mandate(session: AsyncSession, request: Request) -> UUID | None:
    mandate_id = _id(request, "mandate_id")
    return mandate_id and await network_of(session, "mandate", mandate_id)


async def network_knowing_person(session: AsyncSession, request: Request) -> UUID | None:
    """Returns, of the networks that deal with the person, the one whose secretariat calls, else any."""
    person_id = _id(request, "person_id")
    networks = await networks_knowing(session, person_id) if person_id else []
    for network_id in networks:
        if await holds(session, request.state.caller.subject, SECRETARIAT, network_id):
            return network_id
    return networks[0] if networks else None


OF_NETWORK = role(SECRETARIAT, "network_id")
OF_CAMPAIGN = role(SECRETARIAT, network_of_campaign)
OF_INVITATION = role(SECRETARIAT, network_of_invitation)
OF_PROOF = role(SECRETARIAT, network_of_proof)
OF_COMMITMENT = role(SECRETARIAT, network_of_commitment)
OF_LOCAL_GOVERNMENT = role(SECRETARIAT, network_of_local_government)
OPERATOR_OR_OF_NETWORK = OPERATOR | OF_NETWORK
OPERATOR_OR_OF_MANDATE = OPERATOR | role(SECRETARIAT, network_of_mandate)
OPERATOR_OR_KNOWING_PERSON = OPERATOR | role(SECRETARIAT, network_knowing_person)
