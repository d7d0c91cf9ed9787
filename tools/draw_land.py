"""`python tools/draw_land.py countries-10m.json` writes where countries lie: see README.md beside it.

Takes the TopoJSON of the npm package world-atlas: Natural Earth's countries, in the public domain.
"""

import csv
import json
import math
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pycountry
from polity_membership.reference_data.land import CELL_DEGREES, cell
from topology import Point, arcs_of, polygons_of

TARGET = Path(__file__).parents[1] / "services/membership/polity_membership/reference_data/land.csv"
MARGIN_DEGREES = 0.25
"""How far from its land a place may lie: a coast is drawn roughly, and sources put a harbour into the water."""
NAMED = {
    "Kosovo": ("XK", "RS"), "N. Cyprus": ("CY",), "Cyprus U.N. Buffer Zone": ("CY",), "Dhekelia": ("CY",),
    "Akrotiri": ("CY",), "Somaliland": ("SO",), "Baikonur": ("KZ",), "Siachen Glacier": ("IN", "PK"),
    "USNB Guantanamo Bay": ("CU",), "Indian Ocean Ter.": ("CX", "CC", "AU"),
}  # fmt: skip
"""What Natural Earth draws on its own and ISO 3166-1 has no number for."""
ALSO_OF = {
    "US": "PR GU VI AS MP UM", "GB": "GI FK BM KY VG TC AI MS SH IO PN GG JE IM GS", "FR": "NC PF PM WF BL MF TF",
    "NL": "AW CW SX", "DK": "GL FO", "AU": "NF HM", "NZ": "CK NU", "FI": "AX", "CN": "HK MO TW", "MA": "EH", "EH": "MA",
}  # fmt: skip
"""Registers name places of these by either code; whose they are is not for this platform to say."""
WITHIN = {
    "GF": (-55, 2, -51, 6), "GP": (-62, 15.7, -60.9, 16.7), "MQ": (-61.4, 14.2, -60.6, 15),
    "RE": (55, -21.6, 56, -20.7), "YT": (44.9, -13.2, 45.4, -12.5), "BQ": (-68.6, 11.9, -62.9, 17.8),
    "SJ": (10, 74, 34, 81), "UA": (32.4, 44.3, 36.7, 46.3),
}  # fmt: skip
"""West, south, east, north of what Natural Earth draws as part of another country."""


def draw(topology: dict[str, Any]) -> dict[str, list[int]]:
    """Returns for each country the cells at which it begins and ends in turn."""
    codes = {country.numeric: country.alpha_2 for country in pycountry.countries}
    arcs = arcs_of(topology)
    cells: dict[str, set[int]] = defaultdict(set)
    for shape in topology["objects"]["countries"]["geometries"]:
        own = codes.get(shape.get("id"))
        names = (own,) if own else NAMED.get(shape["properties"]["name"], ())
        for polygon in polygons_of(shape):
            rings = [_ring(arcs, ring) for ring in polygon]
            covered = {*_borders(rings), *_inside(rings)}
            for code in (*names, *(code for code, box in WITHIN.items() if _lies_within(rings[0], box))):
                cells[code] |= covered
    for country, others in ALSO_OF.items():
        cells[country] |= set().union(*(cells[other] for other in others.split()))
    # Antarctica has no local governments.
    return {country: _flips(sorted(cells[country])) for country in sorted(cells) if country != "AQ"}


def _ring(arcs: Sequence[list[Point]], numbers: Sequence[int]) -> list[Point]:
    """A ring's points: each arc begins where the one before ended, and ~n is arc n backwards.

    In one piece: it runs on over the date line rather than jump to the other side.
    """
    points: list[Point] = []
    for number in numbers:
        arc = arcs[number] if number >= 0 else arcs[~number][::-1]
        for longitude, latitude in arc[1:] if points else arc:
            turns = round((points[-1][0] - longitude) / 360) if points else 0
            points.append((longitude + 360 * turns, latitude))
    return points


def _lies_within(ring: list[Point], box: tuple[float, float, float, float]) -> bool:
    west, south, east, north = box
    return all(west <= x <= east and south <= y <= north for x, y in ring)


def _borders(rings: Sequence[list[Point]]) -> Iterator[int]:
    """The cells within the margin of the rings."""
    for ring in rings:
        for (x1, y1), (x2, y2) in pairwise(ring):
            steps = max(1, math.ceil(max(abs(x2 - x1), abs(y2 - y1)) / (CELL_DEGREES / 4)))
            for step in range(steps):
                x, y = x1 + (x2 - x1) * step / steps, y1 + (y2 - y1) * step / steps
                beside = MARGIN_DEGREES / max(0.2, math.cos(math.radians(y)))
                for east in (-beside, 0.0, beside):
                    for north in (-MARGIN_DEGREES, 0.0, MARGIN_DEGREES):
                        yield cell(min(90.0, max(-90.0, y + north)), x + east)


def _inside(rings: Sequence[list[Point]]) -> Iterator[int]:
    """The cells whose middle is inside the rings."""
    south, north = min(y for ring in rings for _, y in ring), max(y for ring in rings for _, y in ring)
    for row in range(math.floor(south / CELL_DEGREES), math.ceil(north / CELL_DEGREES)):
        y = (row + 0.5) * CELL_DEGREES
        edges = [edge for ring in rings for edge in pairwise(ring) if (edge[0][1] <= y) != (edge[1][1] <= y)]
        crossings = sorted(x1 + (y - y1) * (x2 - x1) / (y2 - y1) for (x1, y1), (x2, y2) in edges)
        for west, east in zip(crossings[::2], crossings[1::2], strict=True):
            x = (math.ceil(west / CELL_DEGREES - 0.5) + 0.5) * CELL_DEGREES
            while x <= east:
                yield cell(y, x)
                x += CELL_DEGREES


def _flips(cells: list[int]) -> list[int]:
    found = [cells[0]]
    for before, after in pairwise(cells):
        if after != before + 1:
            found += [before + 1, after]
    return [*found, cells[-1] + 1]


if __name__ == "__main__":
    countries = draw(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    with TARGET.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["country", "steps"])
        for country, flips in countries.items():
            rows.writerow([country, " ".join(str(after - before) for before, after in pairwise([0, *flips]))])
