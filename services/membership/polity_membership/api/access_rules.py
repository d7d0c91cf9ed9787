"""Whose secretariat may touch a row: the network that the row belongs to."""

from collections.abc import Awaitable, Callable
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


def _network_of(noun: str) -> Callable[[AsyncSession, Request], Awaitable[UUID | None]]:
    """Returns what finds the network of the row that the path names, such as `campaign_id` for a campaign."""

    async def find(session: AsyncSession, request: Request) -> UUID | None:
        row_id = _id(request, f"{noun}_id")
        return row_id and await network_of(session, noun, row_id)

    # The rule tells it in the OpenAPI document.
    find.__name__ = f"network_of_{noun}"
    return find


async def network_knowing_person(session: AsyncSession, request: Request) -> UUID | None:
    """Returns, of the networks that deal with the person, the one whose secretariat calls, else any."""
    person_id = _id(request, "person_id")
    networks = await networks_knowing(session, person_id) if person_id else []
    for network_id in networks:
        if await holds(session, request.state.caller.subject, SECRETARIAT, network_id):
            return network_id
    return networks[0] if networks else None


OF_NETWORK = role(SECRETARIAT, "network_id")
OF_CAMPAIGN = role(SECRETARIAT, _network_of("campaign"))
OF_INVITATION = role(SECRETARIAT, _network_of("invitation"))
OF_PROOF = role(SECRETARIAT, _network_of("proof"))
OF_COMMITMENT = role(SECRETARIAT, _network_of("commitment"))
OF_LOCAL_GOVERNMENT = role(SECRETARIAT, _network_of("local_government"))
OPERATOR_OR_OF_NETWORK = OPERATOR | OF_NETWORK
OPERATOR_OR_OF_MANDATE = OPERATOR | role(SECRETARIAT, _network_of("mandate"))
OPERATOR_OR_KNOWING_PERSON = OPERATOR | role(SECRETARIAT, network_knowing_person)
