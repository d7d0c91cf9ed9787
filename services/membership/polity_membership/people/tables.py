"""The table of people."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Field

from polity_membership.database.metadata import Row, instant_column, table_of, text_column


class PersonRow(Row, table=True):
    """A person erased keeps the id, the sequence and the day of the erasure, nothing else."""

    __tablename__ = "person"

    id: UUID = Field(primary_key=True)
    name: str | None = text_column(nullable=True)
    email: str | None = text_column(nullable=True)
    language: str | None = text_column(nullable=True)
    office: str | None = text_column(nullable=True)
    erased_at: datetime | None = instant_column(nullable=True)
    fact_sequence: int


people = table_of(PersonRow)
