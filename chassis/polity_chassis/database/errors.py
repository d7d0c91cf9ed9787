"""Whether an error is the infrastructure's, to be waited out, or the fact's own, which parks it."""

from collections.abc import Iterator

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

_INFRASTRUCTURE = (OSError, TimeoutError, PoolTimeoutError, MemoryError)
_SQLSTATE_CLASSES = {"08", "0A", "25", "28", "3D", "3F", "40", "42", "53", "55", "57", "58", "F0", "PO", "XX"}
"""Connection, stale plan, transaction state, sign-in, catalogue, rollback, schema (a missing table is not the fact's
fault), resources, object state, operator, system, configuration, internal. PostgreSQL 18, appendix A. PO is ours: the
outbox accepts no fact yet."""


def is_infrastructure(error: BaseException) -> bool:
    """Returns whether the same facts may succeed later unchanged."""
    return any(_is_of_infrastructure(cause) for cause in _causes(error))


def is_locked(error: BaseException) -> bool:
    """Returns whether a lock was not granted within `lock_timeout`."""
    return any(getattr(cause, "sqlstate", None) == "55P03" for cause in _causes(error))


def _is_of_infrastructure(error: BaseException) -> bool:
    if isinstance(error, _INFRASTRUCTURE):
        return True
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    if isinstance(error, asyncpg.InterfaceError) and not isinstance(error, ValueError):
        return True
    sqlstate = getattr(error, "sqlstate", None)
    return isinstance(sqlstate, str) and sqlstate[:2] in _SQLSTATE_CLASSES


def describe(error: BaseException, *, personal: bool) -> str:
    """Returns what operators read of a failure, at most 500 characters; for `personal` data only the kinds of error."""
    kinds = [getattr(cause, "sqlstate", None) or type(cause).__name__ for cause in _causes(error)]
    kind = " < ".join(dict.fromkeys(kinds))
    if personal:
        return kind
    text = str(error.orig) if isinstance(error, DBAPIError) else str(error)
    return f"{kind}: {text}"[:500].replace("\0", "\\0")


def _causes(error: BaseException) -> Iterator[BaseException]:
    current: BaseException | None = error
    while current is not None:
        yield current
        current = getattr(current, "orig", None) or current.__cause__
