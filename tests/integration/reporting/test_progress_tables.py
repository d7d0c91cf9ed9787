"""The revisions make what the code declares."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from polity_chassis.database.engine import Database
from polity_chassis.database.tables import chassis_metadata
from polity_reporting.storage.tables import metadata
from sqlalchemy import Connection, MetaData


def differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    declared = MetaData()
    for table in (*metadata.tables.values(), *chassis_metadata.tables.values()):
        table.to_metadata(declared)
    return list(compare_metadata(context, declared))


async def test_the_migrated_tables_are_the_declared_ones(reporting: Database) -> None:
    async with reporting.engine.connect() as connection:
        found = await connection.run_sync(differences)
    assert [difference for difference in found if "alembic_version" not in repr(difference)] == []
