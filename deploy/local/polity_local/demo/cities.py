"""Cities at once: every invited city reads its mail, follows the link, says it is interested and commits."""

import asyncio
import email
import email.policy
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol
from urllib.parse import unquote

import httpx
from polity_chassis.clock import utc_now

from polity_local.demo.client import checked
from polity_local.demo.load import Demo, Loader
from polity_local.demo.places import invented_csv

Mail = tuple[str, list[str], bytes]
"""Envelope sender, recipients, raw message."""

ANSWER_LINK = re.compile(r"https?://\S+/[a-z]{2}/answer/([^\s\"<>]+)")
THEMES = ("inequality", "housing", "racism", "water", "culture", "education")
RETRY_SECONDS = 0.25


class Stack(Protocol):
    """A running platform: gateway addresses, and what only its owner may reach."""

    url: str
    internal_url: str
    kafka_bootstrap: str
    demo_password: str

    def database_url(self, service: str) -> str:
        """Returns the service's own database (postgresql+asyncpg://…)."""
        ...

    def grant_operator(self, name: str, mail: str) -> str:
        """Returns the mandate link of a new operator."""
        ...


@dataclass(slots=True)
class Acknowledged:
    """What HTTP acknowledged: each entry was answered with success."""

    campaign_id: str
    network_id: str
    invited: int = 0
    interested: set[str] = field(default_factory=set)
    committed: dict[str, int] = field(default_factory=dict)
    """Commitment id to ordinal."""


async def prepare(stack: Stack, http: httpx.AsyncClient, cities: int, mark: str, today: date) -> tuple[Demo, int]:
    """Loads a demonstration of `cities` invented cities and invites them all; returns it and the number invited."""
    loader = Loader(http, stack.url, stack.demo_password, stack.grant_operator, mark)
    demo = await loader.load(today, invented_csv(cities, mark))
    body = {"wave": "everyone", "all": True}
    path = f"/v1/campaigns/{demo.campaign_id}/invitations"
    headers = {**demo.secretariat, "Idempotency-Key": f"invite-{mark}"}
    invited = checked(await http.post(path, json=body, headers=headers, timeout=60))["invited"]
    return demo, invited


def answer_links(mails: Sequence[Mail]) -> dict[str, str]:
    """Returns the link token in each mail that has one, by recipient."""
    found = {}
    for _, recipients, raw in mails:
        body = email.message_from_bytes(raw, policy=email.policy.default).get_body(("plain",))
        link = ANSWER_LINK.search(body.get_content()) if body else None
        if link:
            found[recipients[0]] = unquote(link.group(1))
    return found


async def wait_until(done: Callable[[], bool], seconds: float, what: str) -> None:
    """Returns when `done()`; raises TimeoutError with `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        await asyncio.sleep(0.1)


class Cities:
    """The invited cities as callers: each retries, with its own idempotency key, until it is acknowledged."""

    def __init__(self, http: httpx.AsyncClient, acknowledged: Acknowledged, patience_seconds: float = 90.0) -> None:
        self.http, self.acknowledged, self.patience = http, acknowledged, patience_seconds

    async def all_at_once(self, tokens: Sequence[str], concurrency: int) -> None:
        """Lets `concurrency` cities answer at a time until each has committed."""
        gate = asyncio.Semaphore(concurrency)

        async def one(number: int, token: str) -> None:
            async with gate:
                await self.answer(number, token)

        async with asyncio.TaskGroup() as group:
            for number, token in enumerate(tokens):
                group.create_task(one(number, token))

    async def at_a_steady_rate(self, tokens: Sequence[str], per_second: float) -> None:
        """Starts one city after the other, `per_second` of them, whatever becomes of the others."""
        async with asyncio.TaskGroup() as group:
            for number, token in enumerate(tokens):
                group.create_task(self.answer(number, token))
                await asyncio.sleep(1 / per_second)

    async def answer(self, number: int, token: str) -> None:
        """Reads the invitation, expresses interest and commits; notes what was acknowledged."""
        link = {"Authorization": f"Link {token}"}
        invitation = (await self._call("GET", "/v1/answer", link))["invitation_id"]
        await self._call("POST", "/v1/answer/interest", link)
        self.acknowledged.interested.add(invitation)
        body = {
            "signatory_name": f"Demonstration Signatory {number}",
            "signatory_office": "Mayor (demonstration)",
            "signed_on": utc_now().date().isoformat(),
            "themes": [THEMES[(number + place) % len(THEMES)] for place in range(3)],
        }
        headers = {**link, "Idempotency-Key": f"commit-{invitation}"}
        made = await self._call("POST", "/v1/answer/commitment", headers, body)
        self.acknowledged.committed[made["commitment_id"]] = made["ordinal"]

    async def _call(self, method: str, path: str, headers: dict[str, str], body: object = None) -> Any:
        """Repeats the call while the platform can't answer; an answer that is a refusal is raised at once."""
        deadline = time.monotonic() + self.patience
        while True:
            try:
                response = await self.http.request(method, path, headers=headers, json=body)
                if response.status_code < 500:
                    return checked(response)
            except httpx.TransportError:
                if time.monotonic() > deadline:
                    raise
            if time.monotonic() > deadline:
                raise TimeoutError(f"{method} {path} was not acknowledged in {self.patience} s")
            await asyncio.sleep(RETRY_SECONDS)
