"""Generations of links: a new one makes the links sent before invalid."""

from polity_membership.errors import LinkRevoked, LinkUnknown


def check_generation(presented: int, current: int) -> None:
    """Raises LinkRevoked if the link is an earlier one, LinkUnknown if it was never issued."""
    if presented < current:
        raise LinkRevoked
    if presented > current:
        raise LinkUnknown
