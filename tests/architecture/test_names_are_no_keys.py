"""Nothing is found by a name: there are two cities of Gwangju, and one committee is spelled in three ways."""

from collections.abc import Iterator
from typing import get_type_hints
from uuid import UUID

import polity_chassis.database.tables
import polity_membership.database.schema
import polity_notifications.storage.tables
import polity_portal.tables
import polity_reporting.storage.tables
import pytest
from polity_chassis.messaging.publishing.outbox import Outgoing
from sqlalchemy import Column, MetaData, Table, Text, UniqueConstraint

METADATA = {
    "chassis": polity_chassis.database.tables.chassis_metadata,
    "membership": polity_membership.database.schema.metadata,
    "notifications": polity_notifications.storage.tables.metadata,
    "portal": polity_portal.tables.portal_metadata,
    "reporting": polity_reporting.storage.tables.metadata,
}
WORDS = {"name", "title", "label", "email", "office", "signatory_name"}
WITH_ITS_PLACE = {"country", "latitude", "longitude"}
"""A name may be part of what makes a double entry, beside the place that it names."""


def keyed_by_words(metadata: MetaData) -> Iterator[str]:
    """Yields each primary key, unique constraint and unique index that stands on what people call a thing."""
    for table in metadata.tables.values():
        keys = [table.primary_key, *(c for c in table.constraints if isinstance(c, UniqueConstraint))]
        for columns in [
            *({c.name for c in key.columns} for key in keys),
            *({c.name for c in index.columns} for index in table.indexes if index.unique),
            *({c.name} for c in table.columns if c.unique),
        ]:
            if columns & WORDS and not columns >= WITH_ITS_PLACE:
                yield f"{table.name}: {sorted(columns)}"


@pytest.mark.parametrize("service", METADATA)
def test_no_table_is_keyed_by_a_name(service: str) -> None:
    assert METADATA[service].tables
    assert list(keyed_by_words(METADATA[service])) == []


def test_every_fact_leaves_under_an_id() -> None:
    assert get_type_hints(Outgoing)["key"] is UUID


@pytest.mark.parametrize(
    "columns",
    [
        (Column("name", Text, primary_key=True),),
        (Column("network_id", Text), Column("title", Text), UniqueConstraint("network_id", "title")),
        (Column("id", Text, primary_key=True), Column("email", Text, unique=True)),
        (Column("country", Text, primary_key=True), Column("name", Text, primary_key=True)),
    ],
    ids=["primary", "unique together", "unique alone", "with the country alone"],
)
def test_a_planted_key_is_caught(columns: tuple[Column[str], ...]) -> None:
    metadata = MetaData()
    Table("planted", metadata, *columns)
    assert list(keyed_by_words(metadata))
