"""The tour of a demonstration: three invented cities, six steps, and which of them are done according to the data."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

from fastapi import Response

from polity_portal.auth.dependencies import TOURING, Visit, cookie_name, is_secure

COMMON = "Sample"
"""Part of the name of each of the three cities, by which the lists are searched."""
HEADING = (
    "name", "country", "subdivision", "latitude", "longitude", "population", "time_zone", "language", "contact_name",
    "contact_email",
)  # fmt: skip
HIDING = "tour"
NEAR = 3
"""The tour is shown if a milestone is at most so many commitments away, or was reached."""
WAYS = ("link", "link", "paper")
"""How each of the three cities answers in the tour; one that has answered otherwise has overtaken it."""


@dataclass(frozen=True)
class SampleGovernment:
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


SAMPLES = (
    SampleGovernment("Samplefield", "NZ", "-41.62", "172.71", "Pacific/Auckland"),
    SampleGovernment("Samplehaven", "CA", "47.31", "-70.93", "America/Toronto"),
    SampleGovernment("Sampleton", "IE", "530.2", "-7.86", "Europe/Dublin"),
)
RIGHT_LATITUDE = "53.02"
"""The correct latitude of the last city."""


def sample_file(language: str) -> str:
    """Returns the CSV file to import; its contacts get mails in this language (BCP 47)."""
    return "".join(f"{','.join(row)}\n" for row in (HEADING, *(sample.row(language) for sample in SAMPLES)))


async def tours_of(visit: Visit, networks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Returns the tour of each demonstration network whose newest campaign is near a milestone, or past one."""
    fitting = [
        (network, network["campaigns"][0], milestone)
        for network in networks
        if network["demonstration"] and network["campaigns"] and (milestone := milestone_of(network["campaigns"][0]))
    ]
    return await asyncio.gather(*(_tour(visit, *each) for each in fitting))


def milestone_of(campaign: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Returns the highest milestone that is reached or NEAR; None if all are further away."""
    near = [m for m in campaign["milestones"] if m["threshold"] - NEAR <= campaign["commitments"]]
    return max(near, key=lambda milestone: milestone["threshold"], default=None)


async def _tour(
    visit: Visit, network: dict[str, Any], campaign: dict[str, Any], milestone: Mapping[str, Any]
) -> dict[str, Any]:
    rows = await _sample_rows(visit, network["network_id"], campaign["campaign_id"])
    done, overtaken = steps_done(rows, milestone), steps_overtaken(rows)
    return {
        "network": network,
        "campaign": campaign,
        "threshold": milestone["threshold"],
        "reached": bool(milestone["reached_at"]),
        "cities": [{"name": sample.name, **(row or {})} for sample, row in zip(SAMPLES, rows, strict=True)],
        "done": done,
        "overtaken": overtaken,
        "current": next((number for number in range(1, 7) if not (done[number - 1] or overtaken[number - 1])), None),
        "hidden": visit.request.cookies.get(cookie_name(visit.portal, HIDING)) == "hidden",
        "mails_url": visit.portal.settings.mails_url,
    }


async def _sample_rows(visit: Visit, network_id: str, campaign_id: str) -> list[dict[str, Any] | None]:
    """Returns the three cities' rows of the register with the way each has answered; None for one not imported yet."""
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
    return [rows.get(sample.name) for sample in SAMPLES]


def remember_tour(visit: Visit, response: Response, tours: list[dict[str, Any]]) -> None:
    """Sets the cookie TOURING if a tour is neither finished nor hidden, else deletes it."""
    name, secure = cookie_name(visit.portal, TOURING), is_secure(visit.portal)
    if any(tour["current"] and not tour["hidden"] for tour in tours):
        response.set_cookie(name, "1", path="/", httponly=True, secure=secure, samesite="lax")
    elif name in visit.request.cookies:
        response.delete_cookie(name, path="/", httponly=True, secure=secure, samesite="lax")


def steps_done(rows: list[dict[str, Any] | None], milestone: Mapping[str, Any]) -> list[bool]:
    """Returns for each of the six steps whether it is done, from the register and the campaign alone."""
    invited = all(row and row["status"] for row in rows)
    answered = [_has_committed(row) and row["recorded_by"] == way for row, way in zip(rows, WAYS, strict=True)]
    return [all(rows), invited, *answered, bool(milestone.get("announced_at"))]


def steps_overtaken(rows: list[dict[str, Any] | None]) -> list[bool]:
    """Returns for each of the six steps whether it can't be done any more: the city has answered in another way."""
    answers = [_has_committed(row) and row["recorded_by"] != way for row, way in zip(rows, WAYS, strict=True)]
    return [False, False, *answers, False]


def _has_committed(row: dict[str, Any] | None) -> TypeGuard[dict[str, Any]]:
    return row is not None and row["status"] in ("submitted", "committed", "withdrawn")
