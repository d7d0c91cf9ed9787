"""Membership's settings: those of every service, and the secrets of the links that it owns."""

from polity_chassis.links import LinkKeys
from polity_chassis.settings import ServiceSettings
from polity_contracts.topics import PEOPLE
from pydantic import Field


class MembershipSettings(ServiceSettings):
    answer_link_keys: LinkKeys = Field(
        description='Secrets of answer links, shared with notifications: JSON {"key id": "base64 of 32+ bytes"}; '
        "the first signs, all verify."
    )
    people_marker_after_seconds: int = Field(
        int(PEOPLE.settings()["max.compaction.lag.ms"]) // 1000 + 60,
        ge=1,
        description="Seconds from an erasure to the record that lets Kafka compact an idle people partition: the "
        "topic's compaction lag and a little more.",
    )
    mandate_link_keys: LinkKeys = Field(
        description='Secrets of mandate links: JSON {"key id": "base64 of 32+ bytes"}; the first signs, all verify.'
    )
