"""Membership's tables. Instants are UTC; a deadline has its IANA zone beside it; texts are maps of language to text."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, MetaData, SQLModel

membership_metadata = MetaData()


class Row(SQLModel):
    """The parent of every table here, with a metadata of its own: services share no tables."""

    metadata = membership_metadata


def _text(*, nullable: bool = False) -> Any:
    return Field(sa_column=sa.Column(sa.Text, nullable=nullable))


def _instant(*, nullable: bool = False) -> Any:
    return Field(sa_column=sa.Column(sa.DateTime(timezone=True), nullable=nullable))


def _map() -> Any:
    return Field(sa_column=sa.Column(JSONB, nullable=False))


class NetworkRow(Row, table=True):
    __tablename__ = "network"

    id: UUID = Field(primary_key=True)
    name: dict[str, str] = _map()
    fallback_language: str = _text()
    time_zone: str = _text()
    demonstration: bool
    contact_email: str | None = _text(nullable=True)
    register_version: int
    fact_sequence: int


class LocalGovernmentRow(Row, table=True):
    __tablename__ = "local_government"
    __table_args__ = (
        sa.UniqueConstraint("network_id", "name", "country", "latitude", "longitude", name="local_government_place"),
        sa.Index("local_government_by_name", "network_id", "name", "id"),
    )

    id: UUID = Field(primary_key=True)
    network_id: UUID = Field(foreign_key="network.id")
    name: str = _text()
    country: str = _text()
    subdivision: str | None = _text(nullable=True)
    region: str = _text()
    latitude: float
    longitude: float
    population: int | None
    time_zone: str = _text()
    demonstration: bool
    fact_sequence: int


class NetworkMemberRow(Row, table=True):
    __tablename__ = "network_member"

    network_id: UUID = Field(primary_key=True, foreign_key="network.id")
    local_government_id: UUID = Field(primary_key=True, foreign_key="local_government.id")
    office: str = _text()


class PersonRow(Row, table=True):
    """A person erased keeps the id, the sequence and the day of the erasure, nothing else."""

    __tablename__ = "person"

    id: UUID = Field(primary_key=True)
    name: str | None = _text(nullable=True)
    email: str | None = _text(nullable=True)
    language: str | None = _text(nullable=True)
    office: str | None = _text(nullable=True)
    erased_at: datetime | None = _instant(nullable=True)
    fact_sequence: int


class PeopleMarkerRow(Row, table=True):
    """The key of no person in each partition of the people topic, whose tombstones let it compact."""

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
    asked_at: datetime = _instant()
    published_at: datetime | None = _instant(nullable=True)
    marked_at: datetime | None = _instant(nullable=True)
    network_ids: list[UUID] = Field(sa_column=sa.Column(ARRAY(sa.Uuid), nullable=False, server_default=sa.text("'{}'")))


sa.Table(
    "person_correction",
    membership_metadata,
    sa.Column("person_id", sa.Uuid, primary_key=True),
    sa.Column("published_at", sa.DateTime(timezone=True)),
)
"""Whose earlier name or address Kafka still holds: until a marker has come after the newer one."""


class AccountErasureRow(Row, table=True):
    """A sign-in account to be erased; `subject` is emptied once that is done."""

    __tablename__ = "account_erasure"

    id: int = Field(sa_column=sa.Column(sa.BigInteger, sa.Identity(always=True), primary_key=True))
    subject: str | None = Field(sa_column=sa.Column(sa.Text, nullable=True, unique=True))
    asked_at: datetime = _instant()
    due_at: datetime = _instant()
    attempts: int
    done_at: datetime | None = _instant(nullable=True)


class LocalGovernmentContactRow(Row, table=True):
    __tablename__ = "local_government_contact"

    local_government_id: UUID = Field(primary_key=True, foreign_key="local_government.id")
    person_id: UUID = Field(foreign_key="person.id", index=True)


class CampaignRow(Row, table=True):
    __tablename__ = "campaign"

    id: UUID = Field(primary_key=True)
    network_id: UUID = Field(foreign_key="network.id", index=True)
    title: dict[str, str] = _map()
    objectives: dict[str, str] = _map()
    commitment_text: dict[str, str] = _map()
    fallback_language: str = _text()
    # json and not jsonb: it keeps the order in which the campaign names its themes.
    themes: dict[str, dict[str, str]] = Field(sa_column=sa.Column(sa.JSON, nullable=False))
    milestones: list[dict[str, Any]] = _map()
    reply_at: datetime = _instant()
    reply_time_zone: str = _text()
    demonstration: bool
    opened_at: datetime = _instant()
    counts_at_once: bool
    commitments_count: int
    withdrawn_count: int
    reached_threshold: int
    fact_sequence: int


class InvitationRow(Row, table=True):
    __tablename__ = "invitation"
    __table_args__ = (sa.UniqueConstraint("campaign_id", "local_government_id", name="invitation_once"),)

    id: UUID = Field(primary_key=True)
    campaign_id: UUID = Field(foreign_key="campaign.id")
    network_id: UUID = Field(foreign_key="network.id")
    local_government_id: UUID = Field(foreign_key="local_government.id")
    contact_id: UUID = Field(foreign_key="person.id")
    language: str = _text()
    wave: str = _text()
    reply_at: datetime = _instant()
    reply_time_zone: str = _text()
    issued_at: datetime = _instant()
    status: str = _text()
    interested_at: datetime | None = _instant(nullable=True)
    declined_at: datetime | None = _instant(nullable=True)
    decline_reason: str | None = _text(nullable=True)
    link_generation: int
    answer_step: int = Field(sa_column=sa.Column(sa.Integer, nullable=False, server_default=sa.text("0")))
    fact_sequence: int


class AnswerDraftRow(Row, table=True):
    """A saved form; it names people who may know nothing of it yet, so it goes with the answer or its contact."""

    __tablename__ = "answer_draft"

    invitation_id: UUID = Field(primary_key=True, foreign_key="invitation.id")
    revision: int
    saved_at: datetime = _instant()
    signatory_name: str | None = _text(nullable=True)
    signatory_office: str | None = _text(nullable=True)
    signed_on: date | None = Field(sa_column=sa.Column(sa.Date, nullable=True))
    themes: list[str] = Field(sa_column=sa.Column(ARRAY(sa.Text), nullable=False))


class ProofRow(Row, table=True):
    """A photo or scan of a signed letter; `folder` names its files and nothing else, and is emptied with them."""

    __tablename__ = "proof"
    __table_args__ = (
        sa.Index(
            "proof_to_remove",
            "created_at",
            postgresql_where=sa.text("folder IS NOT NULL AND (removal_asked_at IS NOT NULL OR finished_at IS NULL)"),
        ),
    )

    id: UUID = Field(primary_key=True)
    invitation_id: UUID = Field(foreign_key="invitation.id", index=True)
    folder: str | None = Field(sa_column=sa.Column(sa.Text, nullable=True, unique=True))
    sent_by: str = _text()
    length_bytes: int
    received_bytes: int
    media_type: str | None = _text(nullable=True)
    created_at: datetime = _instant()
    finished_at: datetime | None = _instant(nullable=True)
    removal_asked_at: datetime | None = _instant(nullable=True)
    removed_at: datetime | None = _instant(nullable=True)


sa.Table(
    "proof_piece",
    membership_metadata,
    sa.Column("proof_id", sa.ForeignKey("proof.id"), primary_key=True),
    sa.Column("begins_at", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("name", sa.Text, nullable=False),
)
"""The file of a piece that was acknowledged; what else lies in the proof's folder counts for nothing."""


class CommitmentRow(Row, table=True):
    __tablename__ = "commitment"
    __table_args__ = (
        sa.UniqueConstraint("campaign_id", "local_government_id", name="commitment_once"),
        sa.UniqueConstraint("campaign_id", "ordinal", name="commitment_ordinal"),
        sa.Index("commitment_proof", "proof_id", postgresql_where=sa.text("proof_id IS NOT NULL")),
    )

    id: UUID = Field(primary_key=True)
    campaign_id: UUID = Field(foreign_key="campaign.id")
    network_id: UUID = Field(foreign_key="network.id")
    local_government_id: UUID = Field(foreign_key="local_government.id")
    invitation_id: UUID = Field(foreign_key="invitation.id", unique=True)
    contact_id: UUID = Field(foreign_key="person.id")
    signatory_id: UUID = Field(foreign_key="person.id", index=True)
    language: str = _text()
    ordinal: int | None
    themes: list[str] = Field(sa_column=sa.Column(ARRAY(sa.Text), nullable=False))
    signed_on: date = Field(sa_column=sa.Column(sa.Date, nullable=False))
    submitted_at: datetime | None = _instant(nullable=True)
    made_at: datetime | None = _instant(nullable=True)
    returned_at: datetime | None = _instant(nullable=True)
    return_reason: str | None = _text(nullable=True)
    withdrawn_at: datetime | None = _instant(nullable=True)
    recorded_by: str = Field(sa_column=sa.Column(sa.Text, nullable=False, server_default="link"))
    proof_id: UUID | None = Field(foreign_key="proof.id")
    answer_step: int | None
    fact_sequence: int


class MilestoneReachedRow(Row, table=True):
    __tablename__ = "milestone_reached"

    campaign_id: UUID = Field(primary_key=True, foreign_key="campaign.id")
    threshold: int = Field(primary_key=True)
    ordinal: int
    commitment_id: UUID
    reached_at: datetime = _instant()
    announced_at: datetime | None = _instant(nullable=True)


class MandateRow(Row, table=True):
    __tablename__ = "mandate"

    id: UUID = Field(primary_key=True)
    person_id: UUID = Field(foreign_key="person.id", index=True)
    role: str = _text()
    scope_id: UUID | None = Field(index=True)
    language: str = _text()
    granted_at: datetime = _instant()
    subject: str | None = Field(sa_column=sa.Column(sa.Text, nullable=True, index=True))
    linked_at: datetime | None = _instant(nullable=True)
    ended_at: datetime | None = _instant(nullable=True)
    link_generation: int
    fact_sequence: int


def table(name: str) -> sa.Table:
    """Returns the Core table of that name, for statements where the ORM would cost too much."""
    return membership_metadata.tables[name]
