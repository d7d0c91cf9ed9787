"""Local governments that are probably the same one, by name and distance. They are proposals: people decide.

Names are compared without accents, case, signs, articles and the words for "city", their words in any order. Numbers
tell local governments apart: District 7 is not District 8.
"""

import math
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from polity_membership.local_governments.domain import LocalGovernmentKey

NEAR_KILOMETRES = 30.0
"""How far two sources may put one city: from the edge of a metropolis to its middle."""
LEAST_PERCENT = 85.0
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
class ComparedLocalGovernment:
    """A local government to compare. `key` is a local government's id, or the line of a row."""

    key: str
    name: str
    country: str
    latitude: float
    longitude: float
    population: int | None

    @property
    def identity(self) -> LocalGovernmentKey:
        """Returns what makes two local governments the same."""
        return self.name, self.country, self.latitude, self.longitude

    @property
    def is_row(self) -> bool:
        """Whether it is a row of the file."""
        return self.key.isdigit()


@dataclass(frozen=True, slots=True)
class Proposal:
    """The row at `line` may be the same as `candidate`, which is in the register or an earlier row."""

    line: int
    local_government: ComparedLocalGovernment
    candidate: ComparedLocalGovernment
    kilometres: float


def normalized_name(name: str) -> str:
    """Returns the name's words in the order of the alphabet, without what two sources write differently."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c)).casefold()
    words = "".join(c if c.isalnum() else " " for c in plain.translate(_FOLDED)).split()
    return " ".join(sorted(word for word in words if word not in _LEFT_OUT) or sorted(words))


class SpatialIndex:
    """Local governments in cubes as wide as NEAR_KILOMETRES, so that poles and the date line need no care."""

    def __init__(self, local_governments: Iterable[ComparedLocalGovernment] = ()) -> None:
        self._cells: dict[Cell, tuple[list[str], list[tuple[ComparedLocalGovernment, Vector]]]] = defaultdict(
            lambda: ([], [])
        )
        for local_government in local_governments:
            self.add(local_government)

    def add(self, local_government: ComparedLocalGovernment) -> None:
        """Adds the local government to those that others are compared with."""
        name, vector = normalized_name(local_government.name), _vector(local_government)
        names, local_governments = self._cells[_cell(local_government, name, vector)]
        names.append(name)
        local_governments.append((local_government, vector))

    def similar_to(self, local_government: ComparedLocalGovernment) -> list[tuple[ComparedLocalGovernment, float]]:
        """Returns those of the same country with a similar name nearby, each with its distance in kilometres."""
        name, vector = normalized_name(local_government.name), _vector(local_government)
        found = []
        country, digits, x, y, z = _cell(local_government, name, vector)
        for east, north, up in _STEPS:
            cell = self._cells.get((country, digits, x + east, y + north, z + up))
            if cell is None:
                continue
            names, local_governments = cell
            for _, _, index in process.extract(name, names, scorer=fuzz.ratio, score_cutoff=LEAST_PERCENT, limit=None):
                other, there = local_governments[index]
                kilometres = math.dist(vector, there)
                if kilometres <= NEAR_KILOMETRES:
                    found.append((other, kilometres))
        return found


_STEPS = [(x, y, z) for x in (-1, 0, 1) for y in (-1, 0, 1) for z in (-1, 0, 1)]


def _vector(local_government: ComparedLocalGovernment) -> Vector:
    latitude, longitude = math.radians(local_government.latitude), math.radians(local_government.longitude)
    ring = EARTH_KILOMETRES * math.cos(latitude)
    return ring * math.cos(longitude), ring * math.sin(longitude), EARTH_KILOMETRES * math.sin(latitude)


def _cell(local_government: ComparedLocalGovernment, name: str, vector: Vector) -> Cell:
    x, y, z = (math.floor(way / NEAR_KILOMETRES) for way in vector)
    return local_government.country, "".join(filter(str.isdigit, name)), x, y, z


@dataclass(frozen=True, slots=True)
class Comparison:
    """`same` maps the line of each row that is known already to what it is; `proposals` are to be answered.

    `asked` are the lines of these, and of the rows that are compared once they are answered.
    """

    same: Mapping[int, ComparedLocalGovernment]
    proposals: list[Proposal]
    asked: frozenset[int]


def compare(
    rows: Iterable[tuple[int, ComparedLocalGovernment]],
    known: Iterable[ComparedLocalGovernment],
    answers: Mapping[tuple[int, str], bool],
) -> Comparison:
    """Returns which rows were said to be known, or an earlier row, and which may be and wait for an answer."""
    register, earlier = SpatialIndex(known), SpatialIndex()
    same: dict[int, ComparedLocalGovernment] = {}
    proposals: list[Proposal] = []
    asked: set[int] = set()
    for line, local_government in rows:
        if len(proposals) >= MOST_PROPOSALS:
            asked.add(line)
            continue
        found = register.similar_to(local_government) + earlier.similar_to(local_government)
        said = next((other for other, _ in found if answers.get((line, other.key))), None)
        if said:
            same[line] = said
            continue
        earlier.add(local_government)
        proposals += [
            Proposal(line, local_government, other, far) for other, far in found if (line, other.key) not in answers
        ]
    asked |= {proposal.line for proposal in proposals}
    return Comparison(same, proposals[:MOST_PROPOSALS], frozenset(asked))
