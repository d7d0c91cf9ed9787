"""What both maps read of the npm package world-atlas: TopoJSON, in which shapes share the lines between them."""

from typing import Any

Point = tuple[float, float]
"""Longitude and latitude in degrees, or a point on the map."""


def arcs_of(topology: dict[str, Any]) -> list[list[Point]]:
    """Returns the lines in degrees: the file holds steps on a grid."""
    (sx, sy), (tx, ty) = topology["transform"]["scale"], topology["transform"]["translate"]
    found = []
    for arc in topology["arcs"]:
        x = y = 0
        points = []
        for dx, dy in arc:
            x, y = x + dx, y + dy
            points.append((x * sx + tx, y * sy + ty))
        found.append(points)
    return found


def polygons_of(shape: dict[str, Any]) -> list[list[list[int]]]:
    """Returns the polygons of a shape, each a list of rings, each the numbers of its arcs."""
    polygons: list[list[list[int]]] = shape["arcs"] if shape["type"] == "MultiPolygon" else [shape["arcs"]]
    return polygons
