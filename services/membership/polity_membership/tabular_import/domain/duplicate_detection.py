"""Places that are probably the same one, by name and distance. They are proposals: only people know.

Names are compared without accents, case, signs, articles and the words for "city", their words in any order. Numbers
tell places apart: District 7 is not District 8.
"""

import math
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from polity_membership.local_governments.domain import PlaceKey

NEAR_KILOMETRES = 30.0
"""How far two sources may put one city: from the edge of a metropolis to its middle."""
ALIKE_PERCENT = 85.0
"""One letter in seven may differ: Viena and Vienna do resemble each other, Grigny and Gagny do not."""
MOST_PROPOSALS = 1000
"""How many are proposed at once; the rest follows when these are answered."""
EARTH_KILOMETRES = 6371.0
_LEFT_OUT = frozenset({
    "the", "of", "a", "an", "city", "municipality", "town", "el", "la", "los", "las", "de", "del", "ciudad",
    "municipio", "le", "les", "l", "d", "du", "des", "ville", "commune", "o", "os", "as", "do", "da", "dos", "das",
    "cidade", "al", "il", "lo",
})  # fmt: skip

_FOLDED = str.maketrans({
    "ł": "l", "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "ŧ": "t", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th", "ŋ": "n",
})  # fmt: skip
"""Letters that Unicode does not decompose, as PostgreSQL's unaccent writes them; ß becomes ss by its case already."""

Vector = tuple[float, float, float]
Cell = tuple[str, str, int, int, int]


@dataclass(frozen=True, slots=True)
class Place:
    """A place to compare. `key` is a local government's id, or the line of a row."""

    key: str
    name: str
    country: str
    latitude: float
    longitude: float
    population: int | None

    @property
    def identity(self) -> PlaceKey:
        """Returns what makes two places the same."""
        return self.name, self.country, self.latitude, self.longitude

    @property
    def is_row(self) -> bool:
        """Whether it is a row of the file."""
        return self.key.isdigit()


@dataclass(frozen=True, slots=True)
class Proposal:
    """The row of `line` is perhaps the place that the register or an earlier line has: `candidate`."""

    line: int
    place: Place
    candidate: Place
    kilometres: float


def comparable(name: str) -> str:
    """Returns the name's words in the order of the alphabet, without what two sources write differently."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c)).casefold()
    words = "".join(c if c.isalnum() else " " for c in plain.translate(_FOLDED)).split()
    return " ".join(sorted(word for word in words if word not in _LEFT_OUT) or sorted(words))


class Neighbourhood:
    """Places by where they are, in cubes as wide as NEAR_KILOMETRES: free of poles and of the date line."""

    def __init__(self, places: Iterable[Place] = ()) -> None:
        self._cells: dict[Cell, tuple[list[str], list[tuple[Place, Vector]]]] = defaultdict(lambda: ([], []))
        for place in places:
            self.add(place)

    def add(self, place: Place) -> None:
        """Adds the place to those that others are compared with."""
        name, vector = comparable(place.name), _vector(place)
        names, places = self._cells[_cell(place, name, vector)]
        names.append(name)
        places.append((place, vector))

    def like(self, place: Place) -> list[tuple[Place, float]]:
        """Returns the places of the same country that are alike and near, each with its distance in kilometres."""
        name, vector = comparable(place.name), _vector(place)
        found = []
        country, digits, x, y, z = _cell(place, name, vector)
        for east, north, up in _STEPS:
            cell = self._cells.get((country, digits, x + east, y + north, z + up))
            if cell is None:
                continue
            names, places = cell
            for _, _, index in process.extract(name, names, scorer=fuzz.ratio, score_cutoff=ALIKE_PERCENT, limit=None):
                other, there = places[index]
                kilometres = math.dist(vector, there)
                if kilometres <= NEAR_KILOMETRES:
                    found.append((other, kilometres))
        return found


_STEPS = [(x, y, z) for x in (-1, 0, 1) for y in (-1, 0, 1) for z in (-1, 0, 1)]


def _vector(place: Place) -> Vector:
    latitude, longitude = math.radians(place.latitude), math.radians(place.longitude)
    ring = EARTH_KILOMETRES * math.cos(latitude)
    return ring * math.cos(longitude), ring * math.sin(longitude), EARTH_KILOMETRES * math.sin(latitude)


def _cell(place: Place, name: str, vector: Vector) -> Cell:
    x, y, z = (math.floor(way / NEAR_KILOMETRES) for way in vector)
    return place.country, "".join(filter(str.isdigit, name)), x, y, z


@dataclass(frozen=True, slots=True)
class Comparison:
    """`same` is the line of each row that is a place known already to that place; `proposals` are to be answered.

    `asked` are the lines of these, and of the rows that are compared once they are answered.
    """

    same: Mapping[int, Place]
    proposals: list[Proposal]
    asked: frozenset[int]


def compare(
    rows: Iterable[tuple[int, Place]], known: Iterable[Place], answers: Mapping[tuple[int, str], bool]
) -> Comparison:
    """Returns which rows are said to be a known place or an earlier row, and which might be and wait for an answer."""
    register, earlier = Neighbourhood(known), Neighbourhood()
    same: dict[int, Place] = {}
    proposals: list[Proposal] = []
    asked: set[int] = set()
    for line, place in rows:
        if len(proposals) >= MOST_PROPOSALS:
            asked.add(line)
            continue
        found = register.like(place) + earlier.like(place)
        said = next((other for other, _ in found if answers.get((line, other.key))), None)
        if said:
            same[line] = said
            continue
        earlier.add(place)
        proposals += [Proposal(line, place, other, far) for other, far in found if (line, other.key) not in answers]
    asked |= {proposal.line for proposal in proposals}
    return Comparison(same, proposals[:MOST_PROPOSALS], frozenset(asked))
