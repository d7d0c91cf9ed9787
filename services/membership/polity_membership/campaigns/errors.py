"""Refusals of commands on a campaign or a milestone."""

from polity_membership.errors import Refused


class DeadlinePassed(Refused):
    """The deadline of a campaign or an invitation would be in the past."""

    slug = "deadline_passed"
    category = "invalid"


class MilestoneNotReached(Refused):
    slug = "milestone_not_reached"
    category = "conflict"


class MilestonesInvalid(Refused):
    slug = "milestones_invalid"
    category = "invalid"


class ThemesMissing(Refused):
    """The campaign has fewer themes than a commitment ranks."""

    slug = "themes_missing"
    category = "invalid"
