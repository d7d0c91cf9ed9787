"""The table of mandates."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from polity_membership.database.metadata import Row, instant_column, table_of, text_column


class MandateRow(Row, table=True):
    __tablename__ = "mandate"

    id: UUID = Field(primary_key=True)
    person_id: UUID = Field(foreign_key="person.id", index=True)
    role: str = text_column()
    scope_id: UUID | None = Field(index=True)
    language: str = text_column()
    granted_at: datetime = instant_column()
    subject: str | None = Field(sa_column=sa.Column(sa.Text, nullable=True, index=True))
    linked_at: datetime | None = instant_column(nullable=True)
    ended_at: datetime | None = instant_column(nullable=True)
    link_generation: int
    fact_sequence: int


mandates = table_of(MandateRow)
