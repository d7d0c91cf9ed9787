"""AddNetworkMember: a local government of the register becomes a member of the network."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from polity_chassis.database.engine import Database
from polity_chassis.messaging.publishing.outbox import add_facts
from polity_chassis.web.idempotency import Ids, Key, once

from polity_membership.database.aggregates import load, lock, save
from polity_membership.errors import NotFound
from polity_membership.local_governments.domain import LocalGovernment
from polity_membership.local_governments.errors import LocalGovernmentUnknown
from polity_membership.networks.domain import Network
from polity_membership.networks.errors import AlreadyMember
from polity_membership.networks.queries import add_member


@dataclass(frozen=True, slots=True)
class AddNetworkMember:
    network_id: UUID
    local_government_id: UUID
    office: str


async def add_network_member(
    database: Database, command: AddNetworkMember, now: datetime, key: Key | None = None
) -> Ids:
    """Returns both ids; raises NotFound, LocalGovernmentUnknown or AlreadyMember."""
    network_id, local_government_id, office = command.network_id, command.local_government_id, command.office
    async with database.transaction() as session:

        async def join() -> Ids:
            network = await lock(session, Network, network_id)
            try:
                local_government = await load(session, LocalGovernment, local_government_id)
            except NotFound:
                raise LocalGovernmentUnknown from None
            if local_government.network_id != network_id:
                raise LocalGovernmentUnknown
            if not await add_member(session, network_id, local_government_id, office):
                raise AlreadyMember
            await add_facts(session, network, [network.join(local_government_id, office)], occurred_at=now)
            await save(session, network)
            return {"network_id": str(network_id), "local_government_id": str(local_government_id)}

        return await once(session, key, join)
