"""The map's projection, Equal Earth (Šavrič, Patterson, Jenny 2018): areas keep their proportions."""

from math import asin, cos, radians, sin, sqrt

CENTRE = 11.0
"""Degrees east in the middle of the map: its edge then runs through the Bering Strait and cuts no land in two."""
WIDTH, HEIGHT = 1000, 435
NORTH = 83.7
"""The northern end of the land. The map ends in the south where nobody lives, before Antarctica."""

_A = (1.340264, -0.081106, 0.000893, 0.003796)


def _plane(longitude: float, latitude: float) -> tuple[float, float]:
    """The formulas of the paper, for radians."""
    theta = asin(sqrt(3) / 2 * sin(latitude))
    a1, a2, a3, a4 = _A
    t2 = theta * theta
    t6 = t2**3
    bend = a1 + 3 * a2 * t2 + t6 * (7 * a3 + 9 * a4 * t2)
    return 2 * sqrt(3) * longitude * cos(theta) / (3 * bend), theta * (a1 + a2 * t2 + t6 * (a3 + a4 * t2))


_SCALE = WIDTH / (2 * _plane(radians(180), 0)[0])
_TOP = _plane(0, radians(NORTH))[1] * _SCALE


def relative_longitude(longitude: float) -> float:
    """Returns degrees east of the map's middle, from -180 up to 180."""
    return (longitude - CENTRE + 180) % 360 - 180


def point(east: float, latitude: float) -> tuple[float, float]:
    """Returns the point of the map, WIDTH by HEIGHT units, for degrees east of its middle; y grows to the south."""
    x, y = _plane(radians(east), radians(latitude))
    return WIDTH / 2 + x * _SCALE, _TOP - y * _SCALE
