"""Shapes of charts, computed on the server so that pages need no script and no inline style."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate

WIDTH, HEIGHT = 600, 200


@dataclass(frozen=True)
class Curve:
    """A running total by day, as points of a drawing WIDTH by HEIGHT units large."""

    first: date
    last: date
    top: int
    """The value at the upper edge."""
    line: str
    """Points for a polyline: `x,y x,y …`."""

    @property
    def area(self) -> str:
        return f"0,{HEIGHT} {self.line} {WIDTH},{HEIGHT}"


def running_total(days: Sequence[Mapping[str, str | int]], key: str) -> Curve | None:
    """Returns the running total of `key`, days without a row included; None if all are 0."""
    counts = {date.fromisoformat(str(row["day"])): int(row[key]) for row in days}
    if not any(counts.values()):
        return None
    first, last = min(counts), max(counts)
    span = max((last - first).days, 1)
    totals = list(accumulate(counts.get(first + timedelta(n), 0) for n in range((last - first).days + 1)))
    if len(totals) == 1:
        totals = [0, *totals]
    top = round_up(max(totals))
    points = (f"{WIDTH * n / span:.1f},{HEIGHT * (1 - total / top):.1f}" for n, total in enumerate(totals))
    return Curve(first, last, top, " ".join(points))


def round_up(value: int) -> int:
    """Returns the next 1, 2 or 5 times a power of ten, at least 10."""
    step = 10
    while True:
        for factor in (1, 2, 5):
            if value <= step * factor:
                return step * factor
        step *= 10


def share(part: int, whole: int) -> float:
    """Returns the part as a percentage of the whole, 0 to 100, to one decimal; 0 if the whole is 0."""
    return round(min(100.0 * part / whole, 100.0), 1) if whole > 0 else 0.0
