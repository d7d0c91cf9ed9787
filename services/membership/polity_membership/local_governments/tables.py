"""The tables of local governments and their contacts."""

from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from polity_membership.database.metadata import Row, table_of, text_column


class LocalGovernmentRow(Row, table=True):
    __tablename__ = "local_government"
    __table_args__ = (
        sa.UniqueConstraint("network_id", "name", "country", "latitude", "longitude", name="local_government_place"),
        sa.Index("local_government_by_name", "network_id", "name", "id"),
    )

    id: UUID = Field(primary_key=True)
    network_id: UUID = Field(foreign_key="network.id")
    name: str = text_column()
    country: str = text_column()
    subdivision: str | None = text_column(nullable=True)
    region: str = text_column()
    latitude: float
    longitude: float
    population: int | None
    time_zone: str = text_column()
    demonstration: bool
    fact_sequence: int


local_governments = table_of(LocalGovernmentRow)


class LocalGovernmentContactRow(Row, table=True):
    __tablename__ = "local_government_contact"

    local_government_id: UUID = Field(primary_key=True, foreign_key="local_government.id")
    person_id: UUID = Field(foreign_key="person.id", index=True)


contacts = table_of(LocalGovernmentContactRow)
