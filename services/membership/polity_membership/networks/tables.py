"""The tables of networks and their members."""

from uuid import UUID

from sqlmodel import Field

from polity_membership.database.metadata import Row, map_column, table_of, text_column


class NetworkRow(Row, table=True):
    __tablename__ = "network"

    id: UUID = Field(primary_key=True)
    name: dict[str, str] = map_column()
    fallback_language: str = text_column()
    time_zone: str = text_column()
    demonstration: bool
    contact_email: str | None = text_column(nullable=True)
    register_version: int
    fact_sequence: int


networks = table_of(NetworkRow)


class NetworkMemberRow(Row, table=True):
    __tablename__ = "network_member"

    network_id: UUID = Field(primary_key=True, foreign_key="network.id")
    local_government_id: UUID = Field(primary_key=True, foreign_key="local_government.id")
    office: str = text_column()


members = table_of(NetworkMemberRow)
