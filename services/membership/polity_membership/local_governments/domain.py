"""The register of local governments. Places are never keyed by name alone: there are two cities of Gwangju."""

from dataclasses import dataclass
from uuid import UUID

from polity_contracts.membership.local_governments import LocalGovernmentRegistered

LocalGovernmentKey = tuple[str, str, float, float]
"""Name, country, latitude, longitude: equal in all four is the same local government twice."""


@dataclass(frozen=True, slots=True)
class PublicLocalGovernment:
    """What of a local government is public once its commitment counts."""

    name: str
    country: str
    region: str
    latitude: float
    longitude: float


@dataclass(slots=True)
class LocalGovernment:
    id: UUID
    network_id: UUID
    name: str
    country: str
    subdivision: str | None
    region: str
    latitude: float
    longitude: float
    population: int | None
    time_zone: str
    demonstration: bool
    fact_sequence: int = 0

    def correct(
        self,
        *,
        name: str,
        subdivision: str | None,
        latitude: float,
        longitude: float,
        population: int | None,
        time_zone: str,
    ) -> LocalGovernmentRegistered | None:
        """Changes what the register says of the local government; what is None stays as it is.

        Returns the fact of it, or None if nothing differs.
        """
        before = self.register()
        self.name, self.latitude, self.longitude, self.time_zone = name, latitude, longitude, time_zone
        self.subdivision = subdivision or self.subdivision
        self.population = self.population if population is None else population
        after = self.register()
        return None if after == before else after

    def register(self) -> LocalGovernmentRegistered:
        """Returns the fact that the local government is in the register."""
        return LocalGovernmentRegistered(
            local_government_id=self.id,
            network_id=self.network_id,
            name=self.name,
            country=self.country,
            subdivision=self.subdivision,
            region=self.region,
            latitude=self.latitude,
            longitude=self.longitude,
            population=self.population,
            time_zone=self.time_zone,
            demonstration=self.demonstration,
        )
