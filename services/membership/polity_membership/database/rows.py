"""Reading rows for lists and pages, without locks."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Select
from sqlmodel.ext.asyncio.session import AsyncSession

Rows = Sequence[Mapping[Any, Any]]


async def fetch_rows(session: AsyncSession, statement: Select[Any]) -> Rows:
    """Returns all rows of the statement."""
    connection = await session.connection()
    return (await connection.execute(statement)).mappings().all()
