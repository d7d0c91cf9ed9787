"""Refusals of commands on a commitment."""

from polity_membership.errors import Refused
from polity_membership.invitations.errors import ALREADY_ANSWERED


class NotSubmitted(Refused):
    """Only a submitted commitment can be confirmed or returned."""

    slug = "not_submitted"
    category = "conflict"


class NotCounted(Refused):
    """Only a commitment that counts can be withdrawn."""

    slug = "not_counted"
    category = "conflict"


class ThemesInvalid(Refused):
    """Not exactly three different themes of the campaign."""

    slug = "themes_invalid"
    category = "invalid"


class SignedInFuture(Refused):
    slug = "signed_in_future"
    category = "invalid"


COMMITMENT_REFUSALS = (*ALREADY_ANSWERED, ThemesInvalid, SignedInFuture)
"""The refusals of a commitment."""
