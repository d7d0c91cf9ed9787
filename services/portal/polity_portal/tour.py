"""The tour of a demonstration: three invented cities, six steps, and which of them the data says are done."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import Response

from polity_portal.signed_in import TOURING, Visit, cookie_name, is_secure

COMMON = "Sample"
"""In the name of each of the three: the invitation page finds them by it."""
HEADING = (
    "name", "country", "subdivision", "latitude", "longitude", "population", "time_zone", "language", "contact_name",
    "contact_email",
)  # fmt: skip
HIDING = "tour"
NEAR = 3
"""The tour's three pledges reach a milestone; it is shown where one is so near, or was reached."""


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
    register = await visit.api.get(
        f"/v1/networks/{network['network_id']}/local-governments",
        credentials=visit.credentials,
        q=COMMON,
        campaign_id=campaign["campaign_id"],
    )
    rows = {row["name"]: row for row in register["items"]}
    cities = [rows.get(city.name) for city in CITIES]
    done = steps_done(cities, milestone)
    return {
        "network": network,
        "campaign": campaign,
        "threshold": milestone["threshold"],
        "reached": bool(milestone["reached_at"]),
        "cities": [{"name": city.name, **(row or {})} for city, row in zip(CITIES, cities, strict=True)],
        "done": done,
        "current": next((number for number, over in enumerate(done, start=1) if not over), None),
        "hidden": visit.request.cookies.get(cookie_name(visit.portal, HIDING)) == "hidden",
        "mails_url": visit.portal.settings.mails_url,
    }


def note(visit: Visit, response: Response, tours: list[dict[str, Any]]) -> None:
    """Notes in the browser whether a tour is under way: begun or not, but neither finished nor hidden."""
    name, secure = cookie_name(visit.portal, TOURING), is_secure(visit.portal)
    if any(tour["current"] and not tour["hidden"] for tour in tours):
        response.set_cookie(name, "1", path="/", httponly=True, secure=secure, samesite="lax")
    elif name in visit.request.cookies:
        response.delete_cookie(name, path="/", httponly=True, secure=secure, samesite="lax")


def steps_done(cities: list[dict[str, Any] | None], milestone: Mapping[str, Any]) -> list[bool]:
    """Which of the six steps are done: the register and the campaign say it, nothing else is kept."""
    statuses = [row["status"] if row else None for row in cities]
    pledged = [status in ("submitted", "committed", "withdrawn") for status in statuses]
    return [all(cities), all(statuses), *pledged, bool(milestone.get("announced_at"))]
