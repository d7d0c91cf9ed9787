"""AddNetworkMember: a local government of the register belongs to the network."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from polity_chassis.database.engine import Database
from polity_chassis.messaging.publishing.outbox import add_facts

from polity_membership.database.aggregates import load, lock, save
from polity_membership.database.repeatable import Ids, Once, always
from polity_membership.errors import AlreadyMember, LocalGovernmentUnknown, NotFound
from polity_membership.local_governments.domain import LocalGovernment
from polity_membership.networks.domain import Network
from polity_membership.register_imports.queries import add_member


@dataclass(frozen=True, slots=True)
class AddNetworkMember:
    network_id: UUID
    local_government_id: UUID
    office: str


async def add_network_member(database: Database, command: AddNetworkMember, now: datetime, once: Once = always) -> Ids:
    """Returns both ids; raises NotFound, LocalGovernmentUnknown or AlreadyMember."""
    network_id, place_id, office = command.network_id, command.local_government_id, command.office
    async with database.transaction() as session:

        async def join() -> Ids:
            network = await lock(session, Network, network_id)
            try:
                place = await load(session, LocalGovernment, place_id)
            except NotFound:
                raise LocalGovernmentUnknown from None
            if place.network_id != network_id:
                raise LocalGovernmentUnknown
            if not await add_member(session, network_id, place_id, office):
                raise AlreadyMember
            await add_facts(session, network, [network.join(place_id, office)], occurred_at=now)
            await save(session, network)
            return {"network_id": str(network_id), "local_government_id": str(place_id)}

        return await once(session, join)
