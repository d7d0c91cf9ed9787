"""The metadata that all tables of the service share, and the kinds of their columns.

Instants are UTC; a deadline has its IANA zone in a column of its own; a text for readers is a map of language to text.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, MetaData, SQLModel

membership_metadata = MetaData()


class Row(SQLModel):
    """The base class of every table of membership."""

    metadata = membership_metadata


def text_column(*, nullable: bool = False) -> Any:
    return Field(sa_column=sa.Column(sa.Text, nullable=nullable))


def instant_column(*, nullable: bool = False) -> Any:
    return Field(sa_column=sa.Column(sa.DateTime(timezone=True), nullable=nullable))


def map_column() -> Any:
    return Field(sa_column=sa.Column(JSONB, nullable=False))


def table_of(row: type[Row]) -> sa.Table:
    """Returns the Core table of the class, for statements where the ORM would cost too much."""
    return membership_metadata.tables[str(row.__tablename__)]
