"""The demonstration's three waves: who is invited, by when, and how many of them answer what. All by a fixed seed."""

import random
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


WAVES = (
    Wave("Congress in Daejeon", 44, 41, 2, 12, "Asia/Seoul"),
    Wave("Members’ proposals", 62, 41, 9, 33, "Europe/Madrid"),
    Wave("Open call", 64, 15, 12, 62, "Europe/Madrid"),
)
PLEDGED = sum(wave.pledged for wave in WAVES)
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
    chance = random.Random(SEED)  # noqa: S311 - the same demonstration each time, no secret
    pool = chance.sample(places.demo_places()[len(places.NAMED_IN_THE_TEXTS) :], sum(each.invited for each in WAVES))
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
