"""Aggregates and their rows.

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
from polity_membership.commitments.domain import Commitment
from polity_membership.database.bulk import insert_many
from polity_membership.database.metadata import table
from polity_membership.errors import NotFound
from polity_membership.invitations.domain import Invitation
from polity_membership.local_governments.domain import LocalGovernment
from polity_membership.mandates.domain import Mandate
from polity_membership.networks.domain import Network
from polity_membership.people.domain import Person

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
"""What of an aggregate may change after it was added; whoever isn't listed never changes."""


def table_of(kind: type[Any]) -> Table:
    """Returns the table of an aggregate's class."""
    return table(_TABLES[kind])


_TABLES = {
    Network: "network",
    LocalGovernment: "local_government",
    Person: "person",
    Campaign: "campaign",
    Invitation: "invitation",
    Commitment: "commitment",
    Mandate: "mandate",
}


def columns(aggregate: Aggregate) -> dict[str, Any]:
    """Returns the aggregate as its row's values."""
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
    """Returns the aggregate of a row."""
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
    await connection.execute(insert(table_of(type(new))).values(columns(new)))


async def save(session: AsyncSession, changed: Aggregate) -> None:
    """Writes what may have changed back to the locked row."""
    values = columns(changed)
    rows = table_of(type(changed))
    connection = await session.connection()
    await connection.execute(
        update(rows).where(rows.c.id == changed.id).values({name: values[name] for name in CHANGING[type(changed)]})
    )


async def add_all(session: AsyncSession, new: Sequence[Aggregate]) -> None:
    """Inserts the rows of new aggregates of one kind in one statement."""
    if new:
        await insert_many(session, table_of(type(new[0])), [columns(each) for each in new])


async def save_all(session: AsyncSession, changed: Sequence[Aggregate]) -> None:
    """Writes what may have changed of aggregates of one kind back to their locked rows in one statement."""
    if changed:
        kind: type[Any] = type(changed[0])
        names = ("id", *CHANGING[kind])
        rows = to_json([{name: row[name] for name in names} for row in map(columns, changed)]).decode()
        statement = _update_of(_TABLES[kind], CHANGING[kind])
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
    rows = table_of(kind)
    found = await (await session.connection()).execute(select(rows).where(where))
    return [aggregate(kind, row) for row in found.mappings()]


async def lock_all(session: AsyncSession, kind: type[A], where: ColumnElement[bool]) -> list[A]:
    """Returns the aggregates that match, locked as `lock` does, in the order of their ids."""
    rows = table_of(kind)
    locking = select(rows).where(where).order_by(rows.c.id).with_for_update(key_share=True)
    return [aggregate(kind, row) for row in (await (await session.connection()).execute(locking)).mappings()]


async def lock(session: AsyncSession, kind: type[A], id: UUID) -> A:  # noqa: A002
    """Returns the aggregate, locked until the transaction ends; raises NotFound.

    The lock lets other rows refer to this one meanwhile, but nobody else lock it.
    """
    rows = table_of(kind)
    connection = await session.connection()
    result = await connection.execute(select(rows).where(rows.c.id == id).with_for_update(key_share=True))
    return _one(kind, result.mappings().one_or_none())


async def load(session: AsyncSession, kind: type[A], id: UUID) -> A:  # noqa: A002
    """Returns the aggregate without a lock; raises NotFound."""
    rows = table_of(kind)
    connection = await session.connection()
    result = await connection.execute(select(rows).where(rows.c.id == id))
    return _one(kind, result.mappings().one_or_none())


def _one(kind: type[A], row: Mapping[Any, Any] | None) -> A:
    if row is None:
        raise NotFound
    return aggregate(kind, row)
