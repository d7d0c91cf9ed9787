"""GrantMandate: a person may act in a role once the mandate's link is accepted."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from polity_chassis.database.engine import Database
from polity_chassis.ids import new_id
from polity_chassis.messaging.publishing.outbox import add_facts
from polity_chassis.web.idempotency import Ids, Key, once
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_membership.database.aggregates import add, load
from polity_membership.errors import NotFound
from polity_membership.local_governments.domain import LocalGovernment
from polity_membership.local_governments.errors import LocalGovernmentUnknown
from polity_membership.mandates.domain import GRANTABLE, OPERATOR, REPRESENTATIVE, Mandate
from polity_membership.mandates.errors import RoleNotGrantable
from polity_membership.networks.domain import Network
from polity_membership.people.domain import Person


@dataclass(frozen=True, slots=True)
class Holder:
    """The person who gets a mandate."""

    name: str
    email: str
    language: str


@dataclass(frozen=True, slots=True)
class GrantMandate:
    """`local_government_id` is the scope of a representative; a secretariat's scope is the network."""

    network_id: UUID
    role: str
    holder: Holder
    local_government_id: UUID | None = None


async def grant_mandate(database: Database, command: GrantMandate, now: datetime, key: Key | None = None) -> Ids:
    """Returns mandate_id and person_id; raises NotFound, RoleNotGrantable or LocalGovernmentUnknown."""
    async with database.transaction() as session:

        async def grant() -> Ids:
            scope_id = await _scope(session, command)
            return await _grant(session, command.holder, command.role, scope_id, now)

        return await once(session, key, grant)


async def grant_operator(database: Database, holder: Holder, now: datetime) -> Ids:
    """Returns mandate_id and person_id of a mandate for the platform; only called from the server's command line."""
    async with database.transaction() as session:
        return await _grant(session, holder, OPERATOR, None, now)


async def _scope(session: AsyncSession, command: GrantMandate) -> UUID:
    if command.role not in GRANTABLE:
        raise RoleNotGrantable
    await load(session, Network, command.network_id)
    if command.role != REPRESENTATIVE:
        return command.network_id
    if command.local_government_id is None:
        raise LocalGovernmentUnknown
    try:
        local_government = await load(session, LocalGovernment, command.local_government_id)
    except NotFound:
        raise LocalGovernmentUnknown from None
    if local_government.network_id != command.network_id:
        raise LocalGovernmentUnknown
    return local_government.id


async def _grant(session: AsyncSession, holder: Holder, role: str, scope_id: UUID | None, now: datetime) -> Ids:
    person = Person(id=new_id(), name=holder.name, email=holder.email, language=holder.language)
    mandate = Mandate(
        id=new_id(), person_id=person.id, role=role, scope_id=scope_id, language=holder.language, granted_at=now
    )
    await add_facts(session, person, [person.record()], occurred_at=now)
    await add_facts(session, mandate, [mandate.grant()], occurred_at=now)
    await add(session, person)
    await add(session, mandate)
    return {"mandate_id": str(mandate.id), "person_id": str(person.id)}
