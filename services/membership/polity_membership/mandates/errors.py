"""Refusals of commands on a mandate."""

from polity_membership.errors import Refused


class RoleNotGrantable(Refused):
    slug = "role_not_grantable"
    category = "invalid"


class MandateAlreadyLinked(Refused):
    slug = "mandate_already_linked"
    category = "conflict"


class MandateHasEnded(Refused):
    slug = "mandate_ended"
    category = "gone"
