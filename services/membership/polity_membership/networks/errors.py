"""Refusals of commands on a network or a member."""

from polity_membership.errors import Refused


class FallbackMissing(Refused):
    """A text is missing in the fallback language."""

    slug = "fallback_missing"
    category = "invalid"


class AlreadyMember(Refused):
    slug = "already_member"
    category = "conflict"
