"""Membership's settings: those of every service, and the secrets of the links that it owns."""

from polity_chassis.links import LinkKeys
from polity_chassis.settings import ServiceSettings
from pydantic import Field


class MembershipSettings(ServiceSettings):
    answer_link_keys: LinkKeys = Field(
        description='Secrets of answer links, shared with notifications: JSON {"key id": "base64 of 32+ bytes"}; '
        "the first signs, all verify."
    )
    mandate_link_keys: LinkKeys = Field(
        description='Secrets of mandate links: JSON {"key id": "base64 of 32+ bytes"}; the first signs, all verify.'
    )
