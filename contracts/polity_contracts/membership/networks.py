"""What membership publishes of networks."""

from uuid import UUID

from polity_contracts import topics
from polity_contracts.envelope import Fact, Visibility
from polity_contracts.membership.values import Text


class NetworkFounded(Fact):
    """A network came to be; texts without a translation are shown in `fallback_language`."""

    type = "membership.network_founded"
    topic = topics.NETWORKS.name
    visibility = Visibility.PUBLIC
    visibility_reason = "Which networks there are, and what they are called, is for everyone."

    network_id: UUID
    name: Text
    fallback_language: str
    time_zone: str
    demonstration: bool = False


class NetworkMemberJoined(Fact):
    """A local government belongs to the network; `office` is `member` or `co_president` (open list)."""

    type = "membership.network_member_joined"
    topic = topics.NETWORKS.name
    visibility = Visibility.PUBLIC
    visibility_reason = "Whoever belongs to a network does so openly: its page names them."

    network_id: UUID
    local_government_id: UUID
    office: str
