"""`python tools/draw_outline.py land-50m.json` draws the portal's map/world.svg again: see README.md beside it.

Takes the TopoJSON of the npm package world-atlas: Natural Earth's land without any border, in the public domain.
"""

import json
import sys
from collections.abc import Sequence
from itertools import pairwise
from math import hypot
from pathlib import Path
from typing import Any

from polity_portal.public.equal_earth import HEIGHT, WIDTH, point, relative_longitude
from polity_portal.web.assets import STATIC
from topology import Point, arcs_of, polygons_of

TOLERANCE = 0.6
"""The tolerance of the simplified coast, in units of the map."""
SMALLEST = 0.4
"""Smaller islands are left out, in square units of the map."""
SOUTHERN_END = -56.0
"""Degrees north; rings that lie further south are Antarctica's."""


def draw(topology: dict[str, Any]) -> str:
    """Returns the land as one SVG path."""
    arcs = arcs_of(topology)
    rings = (
        _ring(arcs, ring)
        for shape in topology["objects"]["land"]["geometries"]
        for polygon in polygons_of(shape)
        for ring in polygon
    )
    shown = (ring for ring in rings if max(latitude for _, latitude in ring) > SOUTHERN_END)
    drawn = [_simplified(_projected(ring)) for ring in shown]
    path = "".join(_path(ring) for ring in drawn if len(ring) > 3 and _area(ring) >= SMALLEST)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"><path id="land" d="{path}"/></svg>\n'
    )


def _ring(arcs: Sequence[list[Point]], numbers: Sequence[int]) -> list[Point]:
    """A ring's points: each arc begins where the one before ended, and ~n is arc n backwards."""
    points: list[Point] = []
    for number in numbers:
        arc = arcs[number] if number >= 0 else arcs[~number][::-1]
        points += arc[1:] if points else arc
    return points


def _projected(ring: Sequence[Point]) -> list[Point]:
    """The ring on the map, in one piece: it runs on over the map's edge rather than jump to the other side."""
    east, found = relative_longitude(ring[0][0]), []
    for longitude, latitude in ring:
        step = relative_longitude(longitude) - east
        east += step - 360 * round(step / 360)
        found.append(point(east, latitude))
    return found


def _simplified(ring: list[Point]) -> list[Point]:
    """Simplifies each half of the ring by the algorithm of Douglas and Peucker."""
    far = max(range(len(ring)), key=lambda n: _distance(ring[n], ring[0], ring[0]))
    return [*_line(ring[: far + 1])[:-1], *_line(ring[far:])]


def _line(points: list[Point]) -> list[Point]:
    if len(points) < 3:
        return points
    bend = max(range(1, len(points) - 1), key=lambda n: _distance(points[n], points[0], points[-1]))
    if _distance(points[bend], points[0], points[-1]) <= TOLERANCE:
        return [points[0], points[-1]]
    return [*_line(points[: bend + 1])[:-1], *_line(points[bend:])]


def _distance(point: Point, start: Point, end: Point) -> float:
    length = hypot(end[0] - start[0], end[1] - start[1])
    if length == 0:
        return hypot(point[0] - start[0], point[1] - start[1])
    across = (end[0] - start[0]) * (start[1] - point[1]) - (start[0] - point[0]) * (end[1] - start[1])
    return abs(across) / length


def _area(ring: Sequence[Point]) -> float:
    pairs = zip(ring, [*ring[1:], ring[0]], strict=True)
    return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in pairs)) / 2


def _path(ring: Sequence[Point]) -> str:
    """Returns the path in relative steps of whole tenths of a unit: half as long as absolute coordinates."""
    tenths = [(round(x * 10), round(y * 10)) for x, y in ring[:-1]]
    moves = " ".join(f"{(b[0] - a[0]) / 10:g} {(b[1] - a[1]) / 10:g}" for a, b in pairwise(tenths))
    return f"M{tenths[0][0] / 10:g} {tenths[0][1] / 10:g}l{moves.replace(' -', '-')}z"


if __name__ == "__main__":
    source = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    (STATIC / "public" / "map" / "world.svg").write_text(draw(source), encoding="utf-8")
