"""The map of commitments: dots on the bundled outline of the land, drawn by the server without tiles or scripts."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

from polity_portal.public.equal_earth import HEIGHT, WIDTH, point, relative_longitude

EDGE = 8
"""Units of the map that are left out on either side of the whole world: open sea."""
CELLS = 120
"""The drawing has so many columns of cells; dots in the same cell are merged into one larger dot."""
SMALLEST_VIEW = 240.0
"""The smallest width of a part of the world, in units of the map."""
NAMED = 5
"""A dot's tooltip shows so many names and the number of the others."""


@dataclass(frozen=True)
class Dot:
    """One local government, or several that are near each other."""

    x: float
    y: float
    r: float
    names: tuple[str, ...]
    more: int
    marked: bool


@dataclass(frozen=True)
class WorldMap:
    """A part of the world and its dots, marked ones last so that they are drawn on top."""

    view: str
    """The SVG's viewBox."""
    dots: tuple[Dot, ...]
    count: int
    """The number of local governments."""


@dataclass(frozen=True)
class _Spot:
    x: float
    y: float
    name: str
    marked: bool


def world_map(features: Iterable[Mapping[str, Any]], region: str = "", marked: Collection[str] = ()) -> WorldMap:
    """Returns the map of the GeoJSON features of one UN M49 region, or all; `marked` are the ids to highlight."""
    spots = [
        _Spot(*_position(feature), feature["properties"]["name"], feature["id"] in marked)
        for feature in features
        if feature["geometry"] and region in ("", feature["properties"]["region"])
    ]
    x, y, width, height = _part(spots) if region and spots else (EDGE, 0.0, WIDTH - 2 * EDGE, float(HEIGHT))
    dots = sorted(_dots(spots, width / CELLS), key=lambda dot: (dot.marked, -dot.r))
    return WorldMap(f"{x:g} {y:g} {width:g} {height:g}", tuple(dots), len(spots))


def _position(feature: Mapping[str, Any]) -> tuple[float, float]:
    longitude, latitude = feature["geometry"]["coordinates"]
    return point(relative_longitude(longitude), latitude)


def _part(spots: Sequence[_Spot]) -> tuple[float, float, float, float]:
    """Returns x, y, width and height of the part of the world around the spots, in the proportions of the whole."""
    xs, ys = [spot.x for spot in spots], [spot.y for spot in spots]
    shape = (WIDTH - 2 * EDGE) / HEIGHT
    width = max((max(xs) - min(xs)) * 1.3, (max(ys) - min(ys)) * 1.3 * shape, SMALLEST_VIEW)
    width = min(width, WIDTH - 2 * EDGE)
    height = width / shape
    x = min(max((max(xs) + min(xs) - width) / 2, EDGE), WIDTH - EDGE - width)
    y = min(max((max(ys) + min(ys) - height) / 2, 0), HEIGHT - height)
    return round(x, 1), round(y, 1), round(width, 1), round(height, 1)


def _dots(spots: Iterable[_Spot], cell: float) -> Iterable[Dot]:
    together: dict[tuple[int, int], list[_Spot]] = {}
    for spot in spots:
        together.setdefault((int(spot.x / cell), int(spot.y / cell)), []).append(spot)
    for group in together.values():
        size = len(group)
        yield Dot(
            x=round(sum(spot.x for spot in group) / size, 1),
            y=round(sum(spot.y for spot in group) / size, 1),
            r=round(min(cell * (0.55 + 0.25 * sqrt(size - 1)), cell * 1.6), 1),
            names=tuple(spot.name for spot in sorted(group, key=lambda spot: not spot.marked)[:NAMED]),
            more=max(size - NAMED, 0),
            marked=any(spot.marked for spot in group),
        )
