"""Identities: UUIDv7 (RFC 9562), so that neighbours in time are neighbours in an index."""

from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """Returns a new UUIDv7. It says who, never when: order comes from sequences, not from ids."""
    return uuid7()
