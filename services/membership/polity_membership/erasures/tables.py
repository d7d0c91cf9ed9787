"""The tables of erasures: how far each has come."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from polity_membership.database.metadata import Row, instant_column, membership_metadata


class PeopleMarkerRow(Row, table=True):
    """One key for each partition of the people topic that is no person's: its tombstones let the partition compact."""

    __tablename__ = "people_marker"

    id: UUID = Field(primary_key=True)
    fact_sequence: int


class PersonErasureRow(Row, table=True):
    """How far an erasure has come: when Kafka had the tombstone, when the partitions got the marker after it.

    `network_ids` are the networks that dealt with the person: their secretariats may ask for it again.
    """

    __tablename__ = "person_erasure"
    __table_args__ = (
        sa.Index("person_erasure_under_way", "published_at", postgresql_where=sa.text("marked_at IS NULL")),
    )

    person_id: UUID = Field(primary_key=True)
    asked_at: datetime = instant_column()
    published_at: datetime | None = instant_column(nullable=True)
    marked_at: datetime | None = instant_column(nullable=True)
    network_ids: list[UUID] = Field(sa_column=sa.Column(ARRAY(sa.Uuid), nullable=False, server_default=sa.text("'{}'")))


sa.Table(
    "person_correction",
    membership_metadata,
    sa.Column("person_id", sa.Uuid, primary_key=True),
    sa.Column("published_at", sa.DateTime(timezone=True)),
)
"""People whose earlier name or address Kafka still holds, until a marker follows the newer record."""


class AccountErasureRow(Row, table=True):
    """A sign-in account to be erased; `subject` is emptied once that is done."""

    __tablename__ = "account_erasure"

    id: int = Field(sa_column=sa.Column(sa.BigInteger, sa.Identity(always=True), primary_key=True))
    subject: str | None = Field(sa_column=sa.Column(sa.Text, nullable=True, unique=True))
    asked_at: datetime = instant_column()
    due_at: datetime = instant_column()
    attempts: int
    done_at: datetime | None = instant_column(nullable=True)
