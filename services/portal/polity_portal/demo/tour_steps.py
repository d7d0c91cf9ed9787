"""The tour of a demonstration: three invented cities, six steps, and which of them the data says are done."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

from fastapi import Response

from polity_portal.auth.dependencies import TOURING, Visit, cookie_name, is_secure

COMMON = "Sample"
"""In the name of each of the three: the invitation page finds them by it."""
HEADING = (
    "name", "country", "subdivision", "latitude", "longitude", "population", "time_zone", "language", "contact_name",
    "contact_email",
)  # fmt: skip
HIDING = "tour"
NEAR = 3
"""The tour's three pledges reach a milestone; it is shown where one is so near, or was reached."""
WAYS = ("link", "link", "paper")
"""How each of the three is to answer; a pledge recorded otherwise is none of the tour's."""


@dataclass(frozen=True)
class City:
    """A row of the sample file. The latitude of the last one is impossible."""

    name: str
    country: str
    latitude: str
    longitude: str
    time_zone: str

    def row(self, language: str) -> tuple[str, ...]:
        address = f"mayor@{self.name.lower()}.example"
        place = (self.name, self.country, "", self.latitude, self.longitude, "20000", self.time_zone)
        return (*place, language, f"Contact of {self.name} (demonstration)", address)


CITIES = (
    City("Samplefield", "NZ", "-41.62", "172.71", "Pacific/Auckland"),
    City("Samplehaven", "CA", "47.31", "-70.93", "America/Toronto"),
    City("Sampleton", "IE", "530.2", "-7.86", "Europe/Dublin"),
)
RIGHT_LATITUDE = "53.02"
"""Of the last city."""


def sample_file(language: str) -> str:
    """The CSV file to import; its contacts are written to in this language (BCP 47)."""
    return "".join(f"{','.join(row)}\n" for row in (HEADING, *(city.row(language) for city in CITIES)))


async def tours_of(visit: Visit, networks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The tours of the demonstration networks whose newest campaign is near a milestone, or past one."""
    fitting = [
        (network, network["campaigns"][0], milestone)
        for network in networks
        if network["demonstration"] and network["campaigns"] and (milestone := milestone_of(network["campaigns"][0]))
    ]
    return await asyncio.gather(*(_tour(visit, *each) for each in fitting))


def milestone_of(campaign: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The highest milestone that the tour's pledges reach, or that is reached; None while all are further away."""
    near = [m for m in campaign["milestones"] if m["threshold"] - NEAR <= campaign["commitments"]]
    return max(near, key=lambda milestone: milestone["threshold"], default=None)


async def _tour(
    visit: Visit, network: dict[str, Any], campaign: dict[str, Any], milestone: Mapping[str, Any]
) -> dict[str, Any]:
    cities = await _cities(visit, network["network_id"], campaign["campaign_id"])
    done, overtaken = steps_done(cities, milestone), steps_overtaken(cities)
    return {
        "network": network,
        "campaign": campaign,
        "threshold": milestone["threshold"],
        "reached": bool(milestone["reached_at"]),
        "cities": [{"name": city.name, **(row or {})} for city, row in zip(CITIES, cities, strict=True)],
        "done": done,
        "overtaken": overtaken,
        "current": next((number for number in range(1, 7) if not (done[number - 1] or overtaken[number - 1])), None),
        "hidden": visit.request.cookies.get(cookie_name(visit.portal, HIDING)) == "hidden",
        "mails_url": visit.portal.settings.mails_url,
    }


async def _cities(visit: Visit, network_id: str, campaign_id: str) -> list[dict[str, Any] | None]:
    """The three as the register has them, and how the answer of each was recorded; None for one not imported yet."""
    register, invitations = await asyncio.gather(
        visit.api.get(
            f"/v1/networks/{network_id}/local-governments",
            credentials=visit.credentials,
            q=COMMON,
            campaign_id=campaign_id,
        ),
        visit.api.get(f"/v1/campaigns/{campaign_id}/invitations", credentials=visit.credentials, q=COMMON),
    )
    ways = {row["invitation_id"]: row["recorded_by"] for row in invitations["items"]}
    rows = {row["name"]: {**row, "recorded_by": ways.get(row["invitation_id"])} for row in register["items"]}
    return [rows.get(city.name) for city in CITIES]


def remember_tour(visit: Visit, response: Response, tours: list[dict[str, Any]]) -> None:
    """Notes in the browser whether a tour is under way: begun or not, but neither finished nor hidden."""
    name, secure = cookie_name(visit.portal, TOURING), is_secure(visit.portal)
    if any(tour["current"] and not tour["hidden"] for tour in tours):
        response.set_cookie(name, "1", path="/", httponly=True, secure=secure, samesite="lax")
    elif name in visit.request.cookies:
        response.delete_cookie(name, path="/", httponly=True, secure=secure, samesite="lax")


def steps_done(cities: list[dict[str, Any] | None], milestone: Mapping[str, Any]) -> list[bool]:
    """Which of the six steps are done: the register and the campaign say it, nothing else is kept."""
    invited = all(row and row["status"] for row in cities)
    answered = [_pledged(row) and row["recorded_by"] == way for row, way in zip(cities, WAYS, strict=True)]
    return [all(cities), invited, *answered, bool(milestone.get("announced_at"))]


def steps_overtaken(cities: list[dict[str, Any] | None]) -> list[bool]:
    """Which of the six steps can't be done any more: the city has pledged in another way."""
    answers = [_pledged(row) and row["recorded_by"] != way for row, way in zip(cities, WAYS, strict=True)]
    return [False, False, *answers, False]


def _pledged(row: dict[str, Any] | None) -> TypeGuard[dict[str, Any]]:
    return row is not None and row["status"] in ("submitted", "committed", "withdrawn")
