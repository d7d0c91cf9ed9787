"""Sessions of signed-in people, in the portal's own database."""

import asyncio
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from polity_chassis.database.engine import Database
from sqlalchemy import delete, func, insert, or_, select, update

from polity_portal import tables
from polity_portal.auth.identity import Grant, Identity
from polity_portal.auth.sealing import derive, fingerprint, new_secret, seal, unseal
from polity_portal.settings import PortalSettings
from polity_portal.web.errors import IdentityUnavailable

TOUCH_AFTER = timedelta(minutes=1)
REFRESH_BEFORE_SECONDS = 30
GOOD_ENOUGH_SECONDS = 5
"""The rest of a token's lifetime with which a request may still use it, while another one refreshes it."""
REFRESH_LEASE = timedelta(seconds=40)
"""Must be longer than the time-outs of the realm's client in sum."""
REFRESH_LOOKS, REFRESH_LOOK_SECONDS = 50, 0.2
MOST_AT_ONCE = 1000
"""Sessions removed in one transaction."""


@dataclass(frozen=True)
class Session:
    """A signed-in person. `secret` is the cookie's value."""

    secret: str
    grant: Grant

    @property
    def form_token(self) -> str:
        """The hidden field of every form of this session: a token that no other site can know."""
        return derive(self.secret, "form")


class Sessions:
    """Opens, finds and ends sessions. Times come from the caller's clock."""

    def __init__(self, database: Database, identity: Identity, settings: PortalSettings) -> None:
        self._database = database
        self._identity = identity
        self._idle = settings.session_idle
        self._absolute = settings.session_absolute

    async def open(self, grant: Grant, now: datetime) -> str:
        """Stores a new session and returns its cookie's value."""
        secret = new_secret()
        row = {
            "id_hash": fingerprint(secret),
            "sealed": seal(secret, asdict(grant)),
            "opened_at": now,
            "last_seen_at": now,
        }
        async with self._database.transaction() as work:
            await (await work.connection()).execute(insert(tables.session).values(row))
        return secret

    async def remove_ended(self, now: datetime) -> int:
        """Removes up to MOST_AT_ONCE ended sessions with their uploads, and returns how many."""
        row = tables.session.c
        over = or_(row.last_seen_at < now - self._idle, row.opened_at < now - self._absolute)
        some = select(row.id_hash).where(over).limit(MOST_AT_ONCE).with_for_update(skip_locked=True)
        async with self._database.transaction() as work:
            connection = await work.connection()
            return (await connection.execute(delete(tables.session).where(row.id_hash.in_(some)))).rowcount

    async def find(self, secret: str, now: datetime) -> Session | None:
        """Returns the session of a cookie's value with a valid access token; None if there is none or it has ended.

        Raises SignInRefused if the realm has ended it, and IdentityUnavailable.
        """
        row = tables.session.c
        async with self._database.transaction() as work:
            connection = await work.connection()
            found = (await connection.execute(select(tables.session).where(row.id_hash == fingerprint(secret)))).first()
            if found is None or found.last_seen_at < now - self._idle or found.opened_at < now - self._absolute:
                return None
            if found.last_seen_at < now - TOUCH_AFTER:
                await connection.execute(
                    update(tables.session).where(row.id_hash == found.id_hash).values(last_seen_at=now)
                )
        grant = _opened(secret, found.sealed)
        if grant is None or grant.expires_at - now.timestamp() > REFRESH_BEFORE_SECONDS:
            return Session(secret, grant) if grant else None
        return await self._refreshed(secret, now)

    async def _refreshed(self, secret: str, now: datetime) -> Session | None:
        """Returns the session with new tokens: one request asks the realm for them, outside of any transaction.

        The others use the old tokens while these are valid, and then wait.
        """
        for _ in range(REFRESH_LOOKS):
            claimed, sealed = await self._claim_refresh(secret, now)
            grant = _opened(secret, sealed) if sealed else None
            if grant is None:
                return None
            if claimed:
                assert sealed
                return Session(secret, await self._ask_realm(secret, sealed, grant, now))
            if grant.expires_at - now.timestamp() > GOOD_ENOUGH_SECONDS:
                return Session(secret, grant)
            await asyncio.sleep(REFRESH_LOOK_SECONDS)
        raise IdentityUnavailable

    async def _claim_refresh(self, secret: str, now: datetime) -> tuple[bool, bytes | None]:
        """Returns whether this request refreshes the tokens, and the sealed tokens; None if the session has ended."""
        row, mine = tables.session.c, tables.session.c.id_hash == fingerprint(secret)
        async with self._database.transaction() as work:
            connection = await work.connection()
            found = (await connection.execute(select(tables.session).where(mine).with_for_update())).first()
            grant = _opened(secret, found.sealed) if found else None
            if found is None or grant is None:
                return False, None
            free = or_(row.refreshing_until.is_(None), row.refreshing_until < func.now())
            if grant.expires_at - now.timestamp() > REFRESH_BEFORE_SECONDS:
                return False, found.sealed
            until = func.now() + REFRESH_LEASE
            claimed = await connection.execute(update(tables.session).where(mine, free).values(refreshing_until=until))
            return claimed.rowcount == 1, found.sealed

    async def _ask_realm(self, secret: str, sealed: bytes, grant: Grant, now: datetime) -> Grant:
        # Only where the tokens are still those of before: a later refresh has newer ones.
        mine = (tables.session.c.id_hash == fingerprint(secret)) & (tables.session.c.sealed == sealed)
        given: dict[str, Any] = {"refreshing_until": None}
        try:
            fresh = await self._identity.refresh(grant, now)
            given["sealed"] = seal(secret, asdict(fresh))
            return fresh
        finally:
            async with self._database.transaction() as work:
                await (await work.connection()).execute(update(tables.session).where(mine).values(given))

    async def close(self, secret: str) -> Grant | None:
        """Deletes the session and returns its grant, with which it is ended at the realm too."""
        gone = (
            delete(tables.session)
            .where(tables.session.c.id_hash == fingerprint(secret))
            .returning(tables.session.c.sealed)
        )
        async with self._database.transaction() as work:
            connection = await work.connection()
            found = (await connection.execute(gone)).first()
        return _opened(secret, found.sealed) if found else None


def _opened(secret: str, sealed: bytes) -> Grant | None:
    content = unseal(secret, sealed)
    return Grant(**content) if content else None
