"""Networks of local governments: coalitions, committees, forums, sections."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from polity_contracts.membership.networks import NetworkFounded, NetworkMemberJoined
from polity_contracts.membership.values import Text

from polity_membership.networks.errors import FallbackMissing

MEMBER = "member"


def require_fallback(fallback_language: str, texts: Sequence[Text]) -> None:
    """Raises FallbackMissing if a text is empty in the fallback language."""
    if not all(text.get(fallback_language, "").strip() for text in texts):
        raise FallbackMissing


@dataclass(slots=True)
class Network:
    id: UUID
    name: Text
    fallback_language: str
    time_zone: str
    demonstration: bool
    contact_email: str | None = None
    """An office's address for those who want to join. It is public, so it must not be a person's own."""
    fact_sequence: int = 0
    register_version: int = 0
    """Incremented when local governments are added to the register or changed in it."""

    def found(self) -> NetworkFounded:
        """Returns the fact of the founding; raises FallbackMissing."""
        require_fallback(self.fallback_language, [self.name])
        return NetworkFounded(
            network_id=self.id,
            name=self.name,
            fallback_language=self.fallback_language,
            time_zone=self.time_zone,
            demonstration=self.demonstration,
        )

    def join(self, local_government_id: UUID, office: str) -> NetworkMemberJoined:
        """Returns the fact that a local government is a member from now on."""
        return NetworkMemberJoined(network_id=self.id, local_government_id=local_government_id, office=office)
