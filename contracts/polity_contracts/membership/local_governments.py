"""What membership publishes of local governments."""

from uuid import UUID

from polity_contracts import topics
from polity_contracts.envelope import Fact, Visibility


class LocalGovernmentRegistered(Fact):
    """A city, municipality, metropolis, province or region. Names are as the local government writes them."""

    type = "membership.local_government_registered"
    topic = topics.LOCAL_GOVERNMENTS.name
    visibility = Visibility.MEMBERS
    visibility_reason = "A register is a list of those who may be invited: only a pledge makes one of them public."

    local_government_id: UUID
    network_id: UUID
    name: str
    country: str
    """ISO 3166-1 alpha-2."""
    subdivision: str | None = None
    """ISO 3166-2, or the register's own code."""
    region: str
    """UN M49 sub-region code, three digits."""
    latitude: float
    longitude: float
    population: int | None = None
    time_zone: str
    demonstration: bool = False
