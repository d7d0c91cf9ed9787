"""Refusals of commands on the register of local governments."""

from polity_membership.errors import Refused


class RegisterChanged(Refused):
    """The register was changed by somebody else since it was read."""

    slug = "register_changed"
    category = "unavailable"


class LocalGovernmentUnknown(Refused):
    slug = "local_government_unknown"
    category = "invalid"
