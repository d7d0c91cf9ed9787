"""The table of commitments."""

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from polity_membership.database.metadata import Row, instant_column, table_of, text_column


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
    language: str = text_column()
    ordinal: int | None
    themes: list[str] = Field(sa_column=sa.Column(ARRAY(sa.Text), nullable=False))
    signed_on: date = Field(sa_column=sa.Column(sa.Date, nullable=False))
    submitted_at: datetime | None = instant_column(nullable=True)
    made_at: datetime | None = instant_column(nullable=True)
    returned_at: datetime | None = instant_column(nullable=True)
    return_reason: str | None = text_column(nullable=True)
    withdrawn_at: datetime | None = instant_column(nullable=True)
    recorded_by: str = Field(sa_column=sa.Column(sa.Text, nullable=False, server_default="link"))
    proof_id: UUID | None = Field(foreign_key="proof.id")
    answer_step: int | None
    fact_sequence: int


commitments = table_of(CommitmentRow)
