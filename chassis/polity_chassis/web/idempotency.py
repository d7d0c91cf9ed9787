"""Idempotency-Key: the same request sent twice is done once; its key is stored in the transaction of its effect."""

import hashlib
import json
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any

from fastapi import Depends, Header
from sqlalchemy import delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.requests import Request

from polity_chassis.database.tables import idempotency_key as table
from polity_chassis.web.problems import FieldError, Problem
from polity_chassis.web.routes import template_of

KEPT = timedelta(days=7)
_DONE = 201
"""The status of a request that is done; 0 while it is under way."""
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


@dataclass(frozen=True, slots=True)
class Key:
    """One caller's key for one route; `body_hash` covers the address, the body and the announced length (tus)."""

    caller: str
    route: str
    key: str
    body_hash: bytes


Ids = dict[str, Any]
"""What a request made: ids and small numbers, fit to be kept and told again."""


async def idempotency_of(
    request: Request,
    idempotency_key: Annotated[
        str | None, Header(description="Sent again, the same key makes the same request be done once (7 days).")
    ] = None,
) -> Key | None:
    """Returns the request's key, None without the header or without a caller; raises Problem (422)."""
    caller = _caller(request)
    if idempotency_key is None or caller is None:
        return None
    if not _KEY.fullmatch(idempotency_key):
        raise Problem("invalid_request", "invalid", errors=[FieldError("Idempotency-Key", "invalid")])
    query = request.scope["query_string"].decode("latin-1")
    address = f"{request.scope['path']}?{query}\n".encode()
    # An upload's length says what is begun as a body would.
    asked = address + request.headers.get("upload-length", "").encode() + await request.body()
    digest = hashlib.sha256(asked).digest()
    return Key(caller, f"{request.method} {template_of(request.scope)}", idempotency_key, digest)


IdempotencyDep = Annotated[Key | None, Depends(idempotency_of)]


async def once(session: AsyncSession, key: Key | None, action: Callable[[], Awaitable[Ids]]) -> Ids:
    """Returns what the action returns, or what it returned for the same request within 7 days. None runs it each time.

    Call it first in the transaction, before any check: of two requests with one key the second waits until the
    first has committed (and returns the same) or rolled back (and runs). Raises Problem (422) for another body.
    """
    if key is None:
        return await action()
    if not await _claim(session, key):
        return await _kept(session, key)
    ids = await action()
    await (await session.connection()).execute(update(table).where(*_is(key)).values(status=_DONE, ids=ids))
    return ids


async def once_each(
    session: AsyncSession,
    keys: Sequence[Key | None],
    action: Callable[[Sequence[int]], Awaitable[Sequence[Ids | Exception]]],
) -> list[Ids | Exception]:
    """Does for many requests in one transaction what `once` does for one; no key may come twice.

    The action gets the positions of those to be done, and returns ids or an error for each; a refused one keeps no
    key. Returns ids or an error in the order of the keys; a key sent with another body becomes a Problem (422).
    """
    claimed = await _claim_all(session, [key for key in keys if key])
    positions = [position for position, key in enumerate(keys) if key is None or _name(key) in claimed]
    done = dict(zip(positions, await action(positions) if positions else (), strict=True))
    await _keep_all(session, [(keys[position], outcome) for position, outcome in done.items()])
    outcomes: list[Ids | Exception] = []
    for position, key in enumerate(keys):
        try:
            outcomes.append(done[position] if position in done or key is None else await _kept(session, key))
        except Problem as problem:
            outcomes.append(problem)
    return outcomes


_Name = tuple[str, str, str]

_CLAIM_ALL = text("""
INSERT INTO idempotency_key (caller, route, key, body_hash, status, ids, created_at)
SELECT caller, route, key, body_hash, 0, '{}', now()
  FROM unnest(CAST(:caller AS text[]), CAST(:route AS text[]), CAST(:key AS text[]), CAST(:body_hash AS bytea[]))
       AS wanted (caller, route, key, body_hash)
 ORDER BY caller, route, key
    ON CONFLICT (caller, route, key) DO UPDATE
   SET body_hash = excluded.body_hash, status = 0, ids = '{}', created_at = now()
 WHERE idempotency_key.created_at < now() - CAST(:kept AS interval)
RETURNING caller, route, key
""")
_KEEP_ALL = text("""
UPDATE idempotency_key AS claimed SET status = done.status, ids = CAST(done.ids AS jsonb)
  FROM unnest(CAST(:caller AS text[]), CAST(:route AS text[]), CAST(:key AS text[]), CAST(:status AS int[]),
              CAST(:ids AS text[])) AS done (caller, route, key, status, ids)
 WHERE (claimed.caller, claimed.route, claimed.key) = (done.caller, done.route, done.key)
""")
_FORGET_ALL = text("""
DELETE FROM idempotency_key AS claimed
 USING unnest(CAST(:caller AS text[]), CAST(:route AS text[]), CAST(:key AS text[])) AS refused (caller, route, key)
 WHERE (claimed.caller, claimed.route, claimed.key) = (refused.caller, refused.route, refused.key)
""")


async def _claim_all(session: AsyncSession, keys: Sequence[Key]) -> set[_Name]:
    """Returns which keys are new; in one order everywhere, for a key under way elsewhere is waited for."""
    if not keys:
        return set()
    parameters = {**_names(keys), "body_hash": [key.body_hash for key in keys], "kept": KEPT}
    claimed = await (await session.connection()).execute(_CLAIM_ALL, parameters)
    return {(row.caller, row.route, row.key) for row in claimed}


async def _keep_all(session: AsyncSession, done: Sequence[tuple[Key | None, Ids | Exception]]) -> None:
    connection = await session.connection()
    kept = [(key, outcome) for key, outcome in done if key and not isinstance(outcome, Exception)]
    refused = [key for key, outcome in done if key and isinstance(outcome, Exception)]
    if kept:
        values = {"status": [_DONE] * len(kept), "ids": [json.dumps(ids) for _, ids in kept]}
        await connection.execute(_KEEP_ALL, _names([key for key, _ in kept]) | values)
    if refused:
        await connection.execute(_FORGET_ALL, _names(refused))


def _name(key: Key) -> _Name:
    return key.caller, key.route, key.key


def _names(keys: Sequence[Key]) -> dict[str, Any]:
    return {name: [getattr(key, name) for key in keys] for name in ("caller", "route", "key")}


async def _claim(session: AsyncSession, key: Key) -> bool:
    statement = insert(table).values(
        caller=key.caller,
        route=key.route,
        key=key.key,
        body_hash=key.body_hash,
        status=0,
        ids={},
        created_at=func.now(),
    )
    renewed = {name: statement.excluded[name] for name in ("body_hash", "status", "ids", "created_at")}
    claim = statement.on_conflict_do_update(
        index_elements=["caller", "route", "key"], set_=renewed, where=table.c.created_at < func.now() - KEPT
    ).returning(table.c.key)
    return (await (await session.connection()).execute(claim)).first() is not None


async def _kept(session: AsyncSession, key: Key) -> Ids:
    row = (await (await session.connection()).execute(select(table).where(*_is(key)))).one()
    if row.body_hash != key.body_hash:
        raise Problem("idempotency_key_reused", "invalid")
    ids: Ids = row.ids
    return ids


async def forget_old(session: AsyncSession) -> int:
    """Returns how many keys older than 7 days were removed."""
    result = await (await session.connection()).execute(
        delete(table).where(table.c.created_at < func.now() - KEPT).returning(table.c.key)
    )
    return len(result.all())


def _is(key: Key) -> tuple[Any, ...]:
    return table.c.caller == key.caller, table.c.route == key.route, table.c.key == key.key


def _caller(request: Request) -> str | None:
    if caller := getattr(request.state, "caller", None):
        return f"sub:{caller.subject}"
    if link := getattr(request.state, "link", None):
        return f"link:{link.id}"
    return None
