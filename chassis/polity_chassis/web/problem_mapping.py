"""Maps exceptions of the database and the network to problems: invalid input, or a service that is unavailable."""

import socket

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from polity_chassis.web.problems import Problem

UNSTORABLE = {"22021", "22P05"}
"""SQLSTATEs of text that PostgreSQL can't store, such as U+0000."""
TRANSIENT = {"08", "40", "53", "57"}
"""SQLSTATE classes of transient errors: connection, serialisation or deadlock, resources, shutdown."""
LOCK_TIMEOUT = "55P03"
NOT_COMPARED = "PO001"
"""Our own: the outbox accepts no fact before the database was compared with what was published (`restore_check`)."""


def problem_of(error: Exception) -> Problem | None:
    """Returns 422 for text that can't be stored, 503 while the database can't serve, None for anything else."""
    if isinstance(error, (ConnectionError, TimeoutError, socket.gaierror, PoolTimeoutError)):
        return _unavailable()
    # What fails while connecting is not wrapped, as "the database system is in recovery mode".
    if isinstance(error, (DBAPIError, asyncpg.PostgresError)):
        state = str(getattr(getattr(error, "orig", error), "sqlstate", None) or "")
        if state in UNSTORABLE:
            return Problem("invalid_request", "invalid")
        if getattr(error, "connection_invalidated", False) or state[:2] in TRANSIENT or state == LOCK_TIMEOUT:
            return _unavailable()
        if state == NOT_COMPARED:
            return Problem("owner_restored", "unavailable", headers={"Retry-After": "5"})
    return None


def _unavailable() -> Problem:
    return Problem("unavailable", "unavailable", headers={"Retry-After": "2"})
