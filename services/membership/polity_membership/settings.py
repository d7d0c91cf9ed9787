"""Membership's settings: those of every service, the secrets of its links, and its way to sign-in accounts."""

from polity_chassis.authorization.links import LinkKeys
from polity_chassis.settings import ServiceSettings
from polity_contracts.topics import PEOPLE
from pydantic import Field, SecretStr


class MembershipSettings(ServiceSettings):
    answer_link_keys: LinkKeys = Field(
        description='Secrets of answer links, shared with notifications: JSON {"key id": "base64 of 32+ bytes"}; '
        "the first signs, all verify."
    )
    people_compaction_lag_seconds: int = Field(
        int(PEOPLE.settings()["max.compaction.lag.ms"]) // 1000,
        ge=1,
        description="Seconds from a tombstone in Kafka to the record that lets an idle people partition compact: not "
        "less than the topic's max.compaction.lag.ms.",
    )
    identity_admin_url: str | None = Field(
        None,
        pattern=r"^https?://[^\s?#]+/admin/realms/[^\s/?#]+$",
        description="The realm in Keycloak's administration: http(s)://host[:port]/auth/admin/realms/polity. Without "
        "it the sign-in accounts of erased people wait.",
    )
    erasure_client_id: str = Field(
        "polity-erasure", min_length=1, description="The realm's client that may delete accounts."
    )
    erasure_client_secret: SecretStr | None = Field(None, description="The secret of that client.")
    files_url: str = Field(
        min_length=1,
        repr=False,
        description="Where proofs are kept, as fsspec names it: file:///folder, or s3://bucket/prefix with AWS_*; "
        "the API and the worker need the same.",
    )
    mandate_link_keys: LinkKeys = Field(
        description='Secrets of mandate links: JSON {"key id": "base64 of 32+ bytes"}; the first signs, all verify.'
    )
