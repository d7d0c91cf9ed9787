"""The table of invitations."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from polity_membership.database.metadata import Row, instant_column, table_of, text_column


class InvitationRow(Row, table=True):
    __tablename__ = "invitation"
    __table_args__ = (sa.UniqueConstraint("campaign_id", "local_government_id", name="invitation_once"),)

    id: UUID = Field(primary_key=True)
    campaign_id: UUID = Field(foreign_key="campaign.id")
    network_id: UUID = Field(foreign_key="network.id")
    local_government_id: UUID = Field(foreign_key="local_government.id")
    contact_id: UUID = Field(foreign_key="person.id")
    language: str = text_column()
    wave: str = text_column()
    reply_at: datetime = instant_column()
    reply_time_zone: str = text_column()
    issued_at: datetime = instant_column()
    status: str = text_column()
    interested_at: datetime | None = instant_column(nullable=True)
    declined_at: datetime | None = instant_column(nullable=True)
    decline_reason: str | None = text_column(nullable=True)
    link_generation: int
    answer_step: int = Field(sa_column=sa.Column(sa.Integer, nullable=False, server_default=sa.text("0")))
    fact_sequence: int


invitations = table_of(InvitationRow)
