"""Loads the demonstration through the same doors its users have: mandate links, sign-in and the HTTP API."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any

import httpx

from polity_local.demo import letter, places
from polity_local.demo.client import all_items, checked, sign_in

GrantOperator = Callable[[str, str], str]
"""Takes a name and a mail address; returns the mandate link of a new operator (`polity_membership grant-operator`)."""


@dataclass(frozen=True, slots=True)
class Demo:
    """What was loaded, by id, and the headers of its secretariat."""

    network_id: str
    campaign_id: str
    secretariat: dict[str, str]
    operator: dict[str, str]


class Loader:
    """Calls the API as the demo's operator and secretariat."""

    def __init__(
        self, http: httpx.AsyncClient, public_url: str, password: str, grant_operator: GrantOperator, mark: str
    ) -> None:
        """`mark` tells loads apart: one that failed half-way goes on where it stood when it is repeated."""
        self.http, self.public_url, self.password, self.grant_operator = http, public_url, password, grant_operator
        self.mark = mark

    async def load(self, today: date, import_csv: str) -> Demo:
        """Makes the network, its secretariat, the campaign and the local governments of `import_csv`.

        Raises Refused with the API's own words.
        """
        operator = await self._operator()
        network = await self.post("/v1/networks", operator, letter.NETWORK)
        network_id = network["network_id"]
        for user in ("secretariat", "secretariat2"):
            await self._secretariat(operator, network_id, user)
        secretariat = await sign_in(self.http, self.public_url, "secretariat", self.password)
        campaign = await self.post(f"/v1/networks/{network_id}/campaigns", secretariat, letter.campaign(today))
        await self.import_places(network_id, secretariat, import_csv)
        return Demo(network_id, campaign["campaign_id"], secretariat, operator)

    async def import_places(self, network_id: str, headers: dict[str, str], text: str) -> None:
        """Imports all rows or none; raises Refused. Rows that resemble each other are places of their own."""
        path = f"/v1/networks/{network_id}/local-government-imports"
        checking = {**headers, "Content-Type": "text/csv; charset=utf-8"}
        tried = await self.http.post(f"{path}?dry_run=true", headers=checking, content=text.encode(), timeout=60)
        answers = [
            {"line": each["line"], "candidate": each["candidate"], "same": False}
            for each in checked(tried)["proposals"]
        ]
        changes = json.dumps({"answers": answers})
        key = sha256(f"{text} {changes}".encode()).hexdigest()[:24]
        headers = {**headers, "Idempotency-Key": f"{self.mark}-{key}"}
        files = {"file": ("places.csv", text.encode(), "text/csv")}
        done = f"{path}?dry_run=false"
        checked(await self.http.post(done, headers=headers, files=files, data={"changes": changes}, timeout=60))

    async def import_pledges(self, demo: Demo, text: str) -> None:
        """Imports pledges of earlier waves, with their own dates; those that are there already stay as they are."""
        key = sha256(text.encode()).hexdigest()[:24]
        headers = {**demo.secretariat, "Idempotency-Key": f"{self.mark}-{key}", "Content-Type": "text/csv"}
        path = f"/v1/campaigns/{demo.campaign_id}/commitment-imports"
        checked(await self.http.post(path, headers=headers, content=text.encode(), timeout=60))

    async def join_members(self, demo: Demo) -> None:
        """Makes the letter's six cities members of the network, Grigny and Utrecht its co-presidents."""
        wanted = {
            (place["name"], round(place["latitude"], 4))
            for place in places.demo_places(len(places.NAMED_IN_THE_TEXTS))
            if place["geonameid"] in letter.MEMBERS
        }
        for name in {name for name, _ in wanted}:
            path = f"/v1/networks/{demo.network_id}/local-governments"
            async for found in all_items(self.http, path, demo.secretariat, q=name):
                if (found["name"], round(found["latitude"], 4)) in wanted:
                    office = letter.OFFICES.get(name, "member")
                    body = {"local_government_id": found["local_government_id"], "office": office}
                    await self.post(f"/v1/networks/{demo.network_id}/members", demo.secretariat, body)

    async def _operator(self) -> dict[str, str]:
        headers = await sign_in(self.http, self.public_url, "operations", self.password)
        link = self.grant_operator("Demonstration operator", "operations@polity.example")
        await self.post("/v1/mandate-links", headers, {"link": link})
        return headers

    async def _secretariat(self, operator: dict[str, str], network_id: str, user: str) -> None:
        person = {"name": f"Demonstration {user}", "email": f"{user}@network.example", "language": "en"}
        body = {"person": person, "role": "secretariat"}
        granted = await self.post(f"/v1/networks/{network_id}/mandates", operator, body)
        headers = await sign_in(self.http, self.public_url, user, self.password)
        await self.post("/v1/mandate-links", headers, {"link": granted["link"]})

    async def post(self, path: str, headers: dict[str, str], body: dict[str, Any]) -> Any:
        """Returns what the API made; the same call again changes nothing. Raises Refused."""
        key = sha256(f"{path} {json.dumps(body, sort_keys=True)}".encode()).hexdigest()[:24]
        headers = {**headers, "Idempotency-Key": f"{self.mark}-{key}"}
        return checked(await self.http.post(path, headers=headers, json=body))
