"""Where each country's land lies, on a grid fine enough to see a point that is in the wrong place."""

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence

CELL_DEGREES = 0.5
COLUMNS = round(360 / CELL_DEGREES)


def cell(latitude: float, longitude: float) -> int:
    """Returns the number of the grid's cell at that point: row by row from the south pole, each from the date line."""
    row = math.floor((min(latitude, 89.9) + 90) / CELL_DEGREES)
    return row * COLUMNS + math.floor((longitude + 180) / CELL_DEGREES) % COLUMNS


class Land:
    """`flips` are, by ISO 3166-1 code, the cells in ascending order at which the country begins and ends in turn."""

    def __init__(self, flips: Mapping[str, Sequence[int]]) -> None:
        self._flips = flips

    def holds(self, country: str, latitude: float, longitude: float) -> bool:
        """Returns whether the point is on the country's land or within some 25 km of it; of others nothing is known."""
        flips = self._flips.get(country)
        return flips is None or bisect_right(flips, cell(latitude, longitude)) % 2 == 1
