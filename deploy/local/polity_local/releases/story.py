"""A small story, told through the public API: a platform's data then holds one of each thing that is kept."""

import asyncio
import csv
import io
import threading
from base64 import b64decode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

import httpx
from aiokafka import AIOKafkaProducer
from polity_chassis.clock import utc_now

from polity_local.demo import letter
from polity_local.demo.client import all_items, checked
from polity_local.demo.letterboxes import Letterbox
from polity_local.demo.load import Demo, Loader
from polity_local.demo.places import address_of, demo_places, places_csv
from polity_local.demo.waves import EARLIER_COLUMNS
from polity_local.releases.frozen import at_rest
from polity_local.running.platform import Platform

PLACES = 18
PHOTO = b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==")
"""A letter of one pixel, as PNG."""
TUS = {"Tus-Resumable": "1.0.0"}


@dataclass
class Told:
    """What the story left: ids by name, and the tokens of its cities' links by what each city came to."""

    ids: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)


class Story:
    """Tells it on a running platform whose data is new."""

    def __init__(self, platform: Platform, http: httpx.AsyncClient, catcher: httpx.AsyncClient) -> None:
        self.platform, self.http, self.letterbox = platform, http, Letterbox(catcher)
        self.loader = Loader(http, platform.url, platform.demo_password, platform.grant_operator, "story")
        self.told = Told()
        self.demo: Demo
        self.cities: list[str] = []

    async def tell(self) -> Told:
        """Returns once everybody has said what they say; raises Refused and TimeoutError."""
        self.demo = await self.loader.load(utc_now().date(), places_csv(PLACES))
        self.told.ids |= {"network": self.demo.network_id, "campaign": self.demo.campaign_id}
        path = f"/v1/networks/{self.demo.network_id}/local-governments"
        register = {
            (row["name"], round(row["latitude"], 4)): str(row["local_government_id"])
            async for row in all_items(self.http, path, self.demo.secretariat)
        }
        places = demo_places(PLACES)
        self.cities = [register[city["name"], round(city["latitude"], 4)] for city in places]
        addresses = [address_of(city) for city in places]
        with endpoint() as url:
            await self._partners(url)
            await self.loader.join_members(self.demo)
            await self.loader.import_pledges(self.demo, earlier(self.cities[:4]))
            tokens = await self._invited(self.demo.campaign_id, "First", slice(4, 16), addresses)
            await self._answers(tokens)
            await self._confirmed_ones(addresses)
            await self._people()
            await self._broken()
            await at_rest(self.platform)
        return self.told

    async def post(self, path: str, headers: dict[str, str], body: Any = None) -> Any:
        headers = {**headers, "Idempotency-Key": str(uuid4())}
        return checked(await self.http.post(path, headers=headers, json=body))

    async def _partners(self, url: str) -> None:
        """One endpoint takes what it is sent, the other is paused with what it missed."""
        partner = {"Authorization": f"Bearer {self.platform.partner_token()}"}
        for name in ("webhook", "paused_webhook"):
            made = await self.post("/v1/webhooks", partner, {"url": url, "description": f"A {name} of a story"})
            self.told.ids[name] = made["webhook_id"]
        await self.post(f"/v1/webhooks/{self.told.ids['paused_webhook']}/pause", partner)

    async def _invited(self, campaign: str, wave: str, which: slice, addresses: list[str]) -> list[str]:
        """Invites these cities and returns the tokens that their mails brought."""
        body = {"wave": wave, "local_government_ids": self.cities[which]}
        await self.post(f"/v1/campaigns/{campaign}/invitations", self.demo.secretariat, body)
        box = Letterbox(self.letterbox.catcher)
        found = await box.links(addresses[which])
        return [found[address] for address in addresses[which]]

    async def _answers(self, tokens: list[str]) -> None:
        *pledging, paper, drafting, declining, revoked, still = tokens
        pledges = [await self._pledge(token, number) for number, token in enumerate(pledging)]
        self.told.links |= {"pledged": pledging[0], "withdrawn": pledging[2], "open": still, "drafted": drafting}
        await self.post(f"/v1/commitments/{pledges[2]['commitment_id']}/withdrawal", self.demo.secretariat)
        await self._on_paper((await self._answer(paper))["invitation_id"])
        await self.post("/v1/answer/interest", link(drafting))
        draft = {"signatory_name": "Half Written", "themes": list(letter.THEMES)[:1]}
        checked(await self.http.put("/v1/answer/draft", headers=link(drafting), json=draft))
        await self.post("/v1/answer/decline", link(declining), {"reason": "Not this year."})
        gone = (await self._answer(revoked))["invitation_id"]
        await self.post(f"/v1/invitations/{gone}/revocation", self.demo.secretariat)
        self.told.links |= {"paper": paper, "declined": declining, "revoked": revoked}
        await self.post(f"/v1/campaigns/{self.demo.campaign_id}/milestones/10/announcement", self.demo.secretariat)

    async def _answer(self, token: str) -> Any:
        return checked(await self.http.get("/v1/answer", headers=link(token)))

    async def _pledge(self, token: str, number: int) -> Any:
        await self.post("/v1/answer/interest", link(token))
        body = {
            "signatory_name": f"Invented Signatory {number}",
            "signatory_office": "Mayor (invented)",
            "signed_on": (utc_now().date() - timedelta(days=2)).isoformat(),
            "themes": list(letter.THEMES)[number : number + 3],
        }
        return await self.post("/v1/answer/commitment", link(token), body)

    async def _on_paper(self, invitation: str) -> None:
        path = f"/v1/invitations/{invitation}"
        begun = await self.http.post(
            f"{path}/proofs", headers={**self.demo.secretariat, **TUS, "Upload-Length": str(len(PHOTO))}
        )
        location = begun.raise_for_status().headers["location"]
        piece = {**TUS, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
        sent = await self.http.patch(location, headers={**self.demo.secretariat, **piece}, content=PHOTO)
        sent.raise_for_status()
        proof_id = self.told.ids["proof"] = location.rpartition("/")[2]
        body = {
            "signatory_name": "Invented Signatory on Paper",
            "signatory_office": "Mayor (invented)",
            "signed_on": (utc_now().date() - timedelta(days=3)).isoformat(),
            "themes": list(letter.THEMES)[:3],
            "proof_id": proof_id,
        }
        await self.post(f"{path}/commitment", self.demo.secretariat, body)

    async def _confirmed_ones(self, addresses: list[str]) -> None:
        """A second campaign, whose pledges count once confirmed: one is, one was returned, one waits."""
        asked = {**letter.campaign(utc_now().date()), "counts_at_once": False}
        made = await self.post(f"/v1/networks/{self.demo.network_id}/campaigns", self.demo.secretariat, asked)
        campaign = self.told.ids["confirming_campaign"] = made["campaign_id"]
        tokens = await self._invited(campaign, "Second", slice(0, 3), addresses)
        self.told.links |= dict(zip(("confirmed", "returned", "submitted"), tokens, strict=True))
        confirmed, returned, _ = [(await self._pledge(token, n))["commitment_id"] for n, token in enumerate(tokens)]
        await self.post(f"/v1/commitments/{confirmed}/confirmation", self.demo.secretariat)
        reason = {"reason": "The signature is missing."}
        await self.post(f"/v1/commitments/{returned}/return", self.demo.secretariat, reason)

    async def _people(self) -> None:
        """One contact is corrected, and somebody with a mandate is erased."""
        contact = {"name": "Corrected Contact", "email": "corrected@city.example", "language": "en"}
        await self.post(f"/v1/local-governments/{self.cities[5]}/contact", self.demo.secretariat, contact)
        who = {"person": {"name": "Erased Person", "email": "erased@network.example", "language": "en"}}
        path = f"/v1/networks/{self.demo.network_id}/mandates"
        granted = await self.post(path, self.demo.secretariat, {**who, "role": "secretariat"})
        self.told.ids["erased"] = granted["person_id"]
        await self.post(f"/v1/mandates/{granted['mandate_id']}/end", self.demo.secretariat)
        await self.post(f"/v1/people/{granted['person_id']}/erasure", self.demo.operator)

    async def _broken(self) -> None:
        """A fact that nobody can read: notifications' operator gives it up, at reporting it stays parked."""
        key = b"nobody"  # No aggregate of ours, or membership would think that it had lost this fact.
        headers = {
            "ce_specversion": "1.0", "ce_id": str(uuid4()), "ce_source": "membership", "ce_subject": key.decode(),
            "ce_type": "membership.campaign_opened", "ce_dataschema": "urn:polity:membership.campaign_opened:1",
            "ce_time": utc_now().isoformat(), "ce_sequence": "1", "ce_visibility": "public",
            "content-type": "application/json",
        }  # fmt: skip
        sent = [(name, value.encode()) for name, value in headers.items()]
        bootstrap = self.platform.kafka_bootstrap
        async with AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True) as producer:
            await producer.send_and_wait("membership-campaigns-v1", b'{"title": 1}', key=key, headers=sent)
        await self._parked("reporting")
        for one in await self._parked("notifications"):
            path = f"/v1/operations/notifications/parked/{one['id']}/discard"
            await self.post(path, self.demo.operator, {"reason": "Broken on purpose."})

    async def _parked(self, service: str) -> list[Any]:
        async with asyncio.timeout(60):
            while True:
                path = f"/v1/operations/{service}/parked"
                found = checked(await self.http.get(path, headers=self.demo.operator))["items"]
                if found:
                    return list(found)
                await asyncio.sleep(0.2)


def earlier(cities: Sequence[str]) -> str:
    """Returns the import file of pledges that these cities made weeks ago."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(EARLIER_COLUMNS)
    today: date = utc_now().date()
    for number, city in enumerate(cities):
        day = today - timedelta(days=30 - number)
        themes = list(letter.THEMES)[number : number + 3]
        writer.writerow(
            (city, "Earlier", day - timedelta(days=14), f"{day} 10:0{number}", day, f"Earlier Signatory {number}",
             "Mayor (invented)", *themes)
        )  # fmt: skip
    return out.getvalue()


def link(token: str) -> dict[str, str]:
    """Returns the header by which a city answers."""
    return {"Authorization": f"Link {token}"}


@contextmanager
def endpoint() -> Iterator[str]:
    """Yields the address of a partner that takes whatever it is sent."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hooks"
    finally:
        server.shutdown()
