"""Loading, locking and saving aggregates.

Lock order everywhere: network, campaign, local government, invitation, commitment, person, mandate.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from functools import cache
from typing import Any, TypeVar
from uuid import UUID

from polity_contracts.membership.campaigns import Milestone
from polity_contracts.membership.values import Deadline
from pydantic_core import to_json
from sqlalchemy import ColumnElement, Table, TextClause, insert, select, text, update
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_membership.campaigns.domain import Campaign
from polity_membership.campaigns.tables import campaigns
from polity_membership.commitments.domain import Commitment
from polity_membership.commitments.tables import commitments
from polity_membership.database.bulk import insert_many
from polity_membership.errors import NotFound
from polity_membership.invitations.domain import Invitation
from polity_membership.invitations.tables import invitations
from polity_membership.local_governments.domain import LocalGovernment
from polity_membership.local_governments.tables import local_governments
from polity_membership.mandates.domain import Mandate
from polity_membership.mandates.tables import mandates
from polity_membership.networks.domain import Network
from polity_membership.networks.tables import networks
from polity_membership.people.domain import Person
from polity_membership.people.tables import people

Aggregate = Network | LocalGovernment | Person | Campaign | Invitation | Commitment | Mandate
A = TypeVar("A", Network, LocalGovernment, Person, Campaign, Invitation, Commitment, Mandate)

CHANGING: Mapping[type[Any], tuple[str, ...]] = {
    Network: ("fact_sequence",),
    LocalGovernment: ("name", "subdivision", "latitude", "longitude", "population", "time_zone", "fact_sequence"),
    Person: ("name", "email", "language", "office", "erased_at", "fact_sequence"),
    Campaign: ("commitments_count", "withdrawn_count", "reached_threshold", "fact_sequence"),
    Invitation: (
        "contact_id", "language", "status", "interested_at", "declined_at", "decline_reason", "reply_at",
        "reply_time_zone", "link_generation", "answer_step", "fact_sequence",
    ),
    Commitment: (
        "contact_id", "language", "signatory_id", "themes", "signed_on", "ordinal", "submitted_at", "made_at",
        "returned_at", "return_reason", "withdrawn_at", "recorded_by", "proof_id", "answer_step", "fact_sequence",
    ),
    Mandate: ("subject", "linked_at", "ended_at", "fact_sequence"),
}  # fmt: skip
"""The columns that `save` and `save_all` write; the others never change after the row was added."""


TABLES: Mapping[type[Any], Table] = {
    Network: networks,
    LocalGovernment: local_governments,
    Person: people,
    Campaign: campaigns,
    Invitation: invitations,
    Commitment: commitments,
    Mandate: mandates,
}


def columns(aggregate: Aggregate) -> dict[str, Any]:
    """Returns the values of the aggregate's row, by column."""
    values = {field.name: getattr(aggregate, field.name) for field in fields(aggregate)}
    if "reply_by" in values:
        deadline: Deadline = values.pop("reply_by")
        values |= {"reply_at": deadline.at, "reply_time_zone": deadline.time_zone}
    if "milestones" in values:
        values["milestones"] = [milestone.model_dump(mode="json") for milestone in values["milestones"]]
    if isinstance(values.get("themes"), tuple):
        values["themes"] = list(values["themes"])
    return values


def aggregate(kind: type[A], row: Mapping[Any, Any]) -> A:
    """Returns the aggregate that the row holds."""
    values = dict(row)
    if "reply_at" in values:
        values["reply_by"] = Deadline(at=values.pop("reply_at"), time_zone=values.pop("reply_time_zone"))
    if "milestones" in values:
        values["milestones"] = tuple(Milestone.model_validate(milestone) for milestone in values["milestones"])
    if isinstance(values.get("themes"), list):
        values["themes"] = tuple(values["themes"])
    return kind(**values)


async def add(session: AsyncSession, new: Aggregate) -> None:
    """Inserts the row of a new aggregate."""
    connection = await session.connection()
    await connection.execute(insert(TABLES[type(new)]).values(columns(new)))


async def save(session: AsyncSession, changed: Aggregate) -> None:
    """Updates the columns of `CHANGING`; the caller holds the row's lock."""
    values = columns(changed)
    rows = TABLES[type(changed)]
    connection = await session.connection()
    await connection.execute(
        update(rows).where(rows.c.id == changed.id).values({name: values[name] for name in CHANGING[type(changed)]})
    )


async def add_all(session: AsyncSession, new: Sequence[Aggregate]) -> None:
    """Inserts new aggregates of one class in one statement."""
    if new:
        await insert_many(session, TABLES[type(new[0])], [columns(each) for each in new])


async def save_all(session: AsyncSession, changed: Sequence[Aggregate]) -> None:
    """Updates aggregates of one class in one statement; the caller holds the rows' locks."""
    if changed:
        kind: type[Any] = type(changed[0])
        names = ("id", *CHANGING[kind])
        rows = to_json([{name: row[name] for name in names} for row in map(columns, changed)]).decode()
        statement = _update_of(TABLES[kind].name, CHANGING[kind])
        await (await session.connection()).execute(statement, {"rows": rows})


@cache
def _update_of(name: str, changing: tuple[str, ...]) -> TextClause:
    changes = ", ".join(f"{column} = changed.{column}" for column in changing)
    return text(
        f"UPDATE {name} SET {changes} "  # noqa: S608  names of our own tables
        f"FROM json_populate_recordset(NULL::{name}, CAST(:rows AS json)) AS changed WHERE {name}.id = changed.id"
    )


async def load_all(session: AsyncSession, kind: type[A], where: ColumnElement[bool]) -> list[A]:
    """Returns the aggregates that match, without a lock."""
    rows = TABLES[kind]
    found = await (await session.connection()).execute(select(rows).where(where))
    return [aggregate(kind, row) for row in found.mappings()]


async def lock_all(session: AsyncSession, kind: type[A], where: ColumnElement[bool]) -> list[A]:
    """Returns the aggregates that match, locked as `lock` does, in the order of their ids."""
    rows = TABLES[kind]
    locking = select(rows).where(where).order_by(rows.c.id).with_for_update(key_share=True)
    return [aggregate(kind, row) for row in (await (await session.connection()).execute(locking)).mappings()]


async def lock(session: AsyncSession, kind: type[A], id: UUID) -> A:  # noqa: A002
    """Returns the aggregate and locks its row until the transaction ends; raises NotFound.

    The lock is FOR NO KEY UPDATE: other transactions may insert rows that refer to this one.
    """
    rows = TABLES[kind]
    connection = await session.connection()
    result = await connection.execute(select(rows).where(rows.c.id == id).with_for_update(key_share=True))
    return _one(kind, result.mappings().one_or_none())


async def load(session: AsyncSession, kind: type[A], id: UUID) -> A:  # noqa: A002
    """Returns the aggregate without a lock; raises NotFound."""
    rows = TABLES[kind]
    connection = await session.connection()
    result = await connection.execute(select(rows).where(rows.c.id == id))
    return _one(kind, result.mappings().one_or_none())


def _one(kind: type[A], row: Mapping[Any, Any] | None) -> A:
    if row is None:
        raise NotFound
    return aggregate(kind, row)
