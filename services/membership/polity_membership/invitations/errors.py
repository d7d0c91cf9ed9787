"""Refusals of commands on an invitation."""

from polity_membership.errors import Refused


class AlreadyCommitted(Refused):
    slug = "already_committed"
    category = "conflict"


class CommitmentIsWithdrawn(Refused):
    slug = "commitment_withdrawn"
    category = "conflict"


class DeadlineNotLater(Refused):
    """The new deadline is not later than the present one."""

    slug = "deadline_not_later"
    category = "invalid"


class TooManyInvitations(Refused):
    slug = "too_many_invitations"
    category = "invalid"


ALREADY_ANSWERED = (AlreadyCommitted, CommitmentIsWithdrawn)
"""The refusals of a second answer once a commitment was made."""
