"""The base of all refusals, and those that several nouns share."""

from typing import ClassVar


class InvalidValue(ValueError):
    """A single value breaks a rule. `reason` is stable; `instead` holds values that may have been meant."""

    def __init__(self, reason: str, *instead: str) -> None:
        super().__init__(reason)
        self.reason, self.instead = reason, instead


class Refused(Exception):
    """A command is refused by a rule. `slug` is stable and public; `category` is the kind of answer."""

    slug: ClassVar[str]
    category: ClassVar[str]


class LinkUnknown(Refused):
    """The link is forged, for something else, or was never issued; the caller isn't told which."""

    slug = "link_unknown"
    category = "not_found"


class LinkRevoked(Refused):
    slug = "link_revoked"
    category = "gone"


class LinkExpired(Refused):
    slug = "link_expired"
    category = "gone"


class NotFound(Refused):
    """The row doesn't exist, or the caller may not see it."""

    slug = "not_found"
    category = "not_found"


LINK_REFUSALS = (LinkUnknown, LinkRevoked, LinkExpired)
"""The refusals of a link."""
