"""Files that a session has uploaded and not confirmed yet, readable only with the session's secret."""

from datetime import datetime
from typing import Any
from uuid import UUID

from polity_chassis.database.engine import Database
from sqlalchemy import delete, insert, select

from polity_portal import tables
from polity_portal.auth.sealing import fingerprint, seal, unseal
from polity_portal.auth.sessions import Session
from polity_portal.web.errors import SessionOver


class Uploads:
    """Files that were checked and are not imported yet. They are deleted with their session at the latest."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep(
        self, session: Session, upload_id: UUID, network_id: UUID, content: dict[str, Any], now: datetime
    ) -> None:
        """Stores the content in place of the session's earlier upload. Raises SessionOver if the session has ended."""
        owner = fingerprint(session.secret)
        row = {
            "id": upload_id,
            "session_id_hash": owner,
            "network_id": network_id,
            "sealed": seal(session.secret, content),
            "uploaded_at": now,
        }
        async with self._database.transaction() as work:
            connection = await work.connection()
            # The lock puts requests of the same session in a row: signing out, or the same form a second time.
            mine = select(tables.session.c.id_hash).where(tables.session.c.id_hash == owner).with_for_update()
            if (await connection.execute(mine)).first() is None:
                raise SessionOver
            await connection.execute(delete(tables.upload).where(tables.upload.c.session_id_hash == owner))
            await connection.execute(insert(tables.upload).values(row))

    async def find(self, session: Session, upload_id: UUID, network_id: UUID) -> dict[str, Any] | None:
        """Returns what this session stored under the id for the network; None if there is nothing."""
        mine = _owned(session, upload_id, network_id)
        async with self._database.transaction() as work:
            connection = await work.connection()
            found = (await connection.execute(select(tables.upload.c.sealed).where(*mine))).first()
        return unseal(session.secret, found.sealed) if found else None

    async def forget(self, session: Session, upload_id: UUID, network_id: UUID) -> None:
        async with self._database.transaction() as work:
            connection = await work.connection()
            await connection.execute(delete(tables.upload).where(*_owned(session, upload_id, network_id)))


def _owned(session: Session, upload_id: UUID, network_id: UUID) -> tuple[Any, ...]:
    row = tables.upload.c
    return row.id == upload_id, row.session_id_hash == fingerprint(session.secret), row.network_id == network_id
