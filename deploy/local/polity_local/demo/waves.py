"""The demonstration's waves: two whose pledges are brought in with dates of earlier weeks, and three under way.

Who is invited, by when, and how many of them answer what, is all by a fixed seed.
"""

import csv
import io
import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from polity_local.demo import letter, places

SEED = 2030
POPULAR = ("housing", "participation", "inequality", "environment", "education", "water")
"""Themes that the demonstration's cities choose three times as often as the others."""
OFFICES = ("Mayor", "Deputy mayor", "President of the council")


@dataclass(frozen=True, slots=True)
class Wave:
    """Invitations sent together; the deadline is the end of a day, `days` from the load, in the wave's own zone."""

    name: str
    invited: int
    pledged: int
    interested: int
    days: int
    time_zone: str

    def reply_by(self, today: date) -> dict[str, str]:
        """Returns the deadline as the API takes it."""
        local = datetime.combine(today + timedelta(days=self.days), time(23, 59), ZoneInfo(self.time_zone))
        return {"at": local.astimezone(UTC).isoformat().replace("+00:00", "Z"), "time_zone": self.time_zone}


@dataclass(frozen=True, slots=True)
class EarlierWave:
    """Pledges made before the load, spread over days; `first` and `last` are so many days before it."""

    name: str
    pledged: int
    first: int
    last: int


EARLIER = (EarlierWave("Founding cities", 24, 68, 37), EarlierWave("Regional meetings", 33, 34, 3))
WAVES = (
    Wave("Congress in Daejeon", 44, 21, 6, 12, "Asia/Seoul"),
    Wave("Members’ proposals", 62, 13, 9, 33, "Europe/Madrid"),
    Wave("Open call", 64, 6, 8, 62, "Europe/Madrid"),
)
PLEDGED = sum(wave.pledged for wave in (*EARLIER, *WAVES))
"""97: three before the hundred that the tour reaches."""


@dataclass(frozen=True, slots=True)
class Invited:
    """One place of a wave and what it will answer; `pledge` is the body of its commitment."""

    name: str
    latitude: float
    address: str
    interested: bool
    pledge: dict[str, Any] | None


def invited(wave: Wave, today: date) -> list[Invited]:
    """Returns the places of the wave. None is one that the letter names, and one of the last wave's mails bounces."""
    pool = _pool()
    first = sum(each.invited for each in WAVES[: WAVES.index(wave)])
    return [
        Invited(
            name=place["name"],
            latitude=round(place["latitude"], 4),
            address=places.address_of(place),
            interested=number < wave.pledged + wave.interested,
            pledge=_pledge(first + number, today) if number < wave.pledged else None,
        )
        for number, place in enumerate(pool[first : first + wave.invited])
    ]


def _pool() -> list[dict[str, Any]]:
    """The places of the waves under way in their order, then those of the earlier ones."""
    chance = random.Random(SEED)  # noqa: S311 - the same demonstration each time, no secret
    wanted = sum(wave.invited for wave in WAVES) + sum(wave.pledged for wave in EARLIER)
    return chance.sample(places.demo_places()[len(places.NAMED_IN_THE_TEXTS) :], wanted)


EARLIER_COLUMNS = (
    "local_government_id", "wave", "invited_on", "committed_at", "signed_on", "signatory_name", "signatory_office",
    "theme1", "theme2", "theme3",
)  # fmt: skip


def earlier_csv(register: Mapping[tuple[str, float], str], today: date) -> str:
    """Returns the import file of the earlier waves' pledges; `register` has the places' ids by name and latitude."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(EARLIER_COLUMNS)
    chance = random.Random(SEED)  # noqa: S311
    cities = iter(_pool()[sum(wave.invited for wave in WAVES) :])
    number = sum(wave.invited for wave in WAVES)
    for wave in EARLIER:
        for back in sorted((chance.randint(wave.last, wave.first) for _ in range(wave.pledged)), reverse=True):
            city, day, number = next(cities), today - timedelta(days=back), number + 1
            pledge = _pledge(number - 1, day)
            time_of_day = f"{chance.randint(8, 18):02d}:{chance.randint(0, 59):02d}"
            invited_on = today - timedelta(days=wave.first + 14)
            writer.writerow((
                register[city["name"], round(city["latitude"], 4)], wave.name, invited_on, f"{day} {time_of_day}",
                pledge["signed_on"], pledge["signatory_name"], pledge["signatory_office"], *pledge["themes"],
            ))  # fmt: skip
    return out.getvalue()


def _pledge(number: int, today: date) -> dict[str, Any]:
    chance = random.Random(SEED + number)  # noqa: S311
    weights = {code: 3 if code in POPULAR else 1 for code in letter.THEMES}
    themes: list[str] = []
    while len(themes) < 3:
        chosen = chance.choices(list(weights), list(weights.values()))[0]
        weights[chosen] = 0
        themes.append(chosen)
    return {
        "signatory_name": f"Demonstration Signatory {number + 1}",
        "signatory_office": f"{chance.choice(OFFICES)} (demonstration)",
        "signed_on": (today - timedelta(days=chance.randint(1, 10))).isoformat(),
        "themes": themes,
    }
