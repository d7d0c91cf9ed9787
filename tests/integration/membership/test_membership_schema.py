"""The migrated schema and the tables in code are the same."""

from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from polity_chassis.database.engine import Database
from polity_chassis.database.tables import chassis_metadata
from polity_membership.database.schema import metadata
from sqlalchemy import Connection


def _differences(connection: Connection) -> list[Any]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    both: Any = [chassis_metadata, metadata]
    return list(compare_metadata(context, both))


async def test_the_migrations_make_the_tables_of_the_code(membership_database: Database) -> None:
    async with membership_database.engine.connect() as connection:
        found = await connection.run_sync(_differences)
    assert [d for d in found if "alembic_version" not in str(d)] == []
