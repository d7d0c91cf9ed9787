"""What exists in the world, as it is looked up."""

from collections.abc import Mapping, Set
from dataclasses import dataclass

from polity_membership.reference_data.land import Land


@dataclass(frozen=True, slots=True)
class Reference:
    """What exists in the world: ISO 3166-1 countries with their UN M49 region, IANA zones, ISO 639 languages.

    `countries` has each country's names and other codes, as `normalized_name` writes them, to its code.
    """

    regions: Mapping[str, str]
    time_zones: Set[str]
    languages: Set[str]
    countries: Mapping[str, str]
    land: Land
