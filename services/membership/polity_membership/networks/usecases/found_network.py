"""FoundNetwork: an operator founds a network."""

from dataclasses import dataclass
from datetime import datetime

from polity_chassis.database.engine import Database
from polity_chassis.ids import new_id
from polity_chassis.messaging.publishing.outbox import add_facts
from polity_chassis.web.idempotency import Ids, Key, once
from polity_contracts.membership.values import Text

from polity_membership.database.aggregates import add
from polity_membership.networks.domain import Network


@dataclass(frozen=True, slots=True)
class FoundNetwork:
    name: Text
    fallback_language: str
    time_zone: str
    demonstration: bool
    contact_email: str | None


async def found_network(database: Database, command: FoundNetwork, now: datetime, key: Key | None = None) -> Ids:
    """Returns the network_id; raises FallbackMissing."""
    async with database.transaction() as session:

        async def found() -> Ids:
            network = Network(
                id=new_id(),
                name=command.name,
                fallback_language=command.fallback_language,
                time_zone=command.time_zone,
                demonstration=command.demonstration,
                contact_email=command.contact_email,
            )
            await add_facts(session, network, [network.found()], occurred_at=now)
            await add(session, network)
            return {"network_id": str(network.id)}

        return await once(session, key, found)
