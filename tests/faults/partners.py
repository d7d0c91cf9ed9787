"""Partner systems whose endpoints behave as badly as they come, and what each of them must have got after a fault.

Time is let pass by making what waits due at once: the schedule of tries stays as it is.
"""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import asyncpg
import httpx
from polity_local.demo.client import checked
from polity_local.running.platform import Platform
from standardwebhooks import Webhook

COMMITMENT, MILESTONE = "membership.commitment_made", "membership.milestone_reached"
TRIES = 8
SETTLED_WITHIN_SECONDS = 90.0
HANGING_SECONDS = 60.0
"""Longer than any sender waits."""
EXHAUSTED_WITHIN_SECONDS = 300.0
"""Enough for all tries of a sender that waits for each to its end."""


@dataclass(frozen=True)
class Kind:
    """One way for an endpoint to behave; `wants` is what it is subscribed to, `ends` how its deliveries end."""

    wants: tuple[str, ...]
    ends: str
    slow: bool = False
    """Its posts end by the sender's patience alone, so what it gets is looked at when all else is over."""


KINDS = {
    "ok": Kind((COMMITMENT, MILESTONE), "delivered"),
    "fivehundred": Kind((COMMITMENT, MILESTONE), "delivered"),
    "redirecting": Kind((MILESTONE,), "exhausted"),
    "gone": Kind((COMMITMENT, MILESTONE), "cancelled"),
    "hanging": Kind((MILESTONE,), "exhausted", slow=True),
    "dripping": Kind((MILESTONE,), "exhausted", slow=True),
}


class Endpoints(ThreadingHTTPServer):
    """One server for all endpoints: /<kind>/<whatever tells them apart>."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self) -> None:
        self.posts: dict[str, list[tuple[dict[str, str], str]]] = {}
        self.asked: Counter[tuple[str, str]] = Counter()
        self.lock = threading.Lock()
        super().__init__(("127.0.0.1", 0), _Handler)

    def url(self, kind: str, mark: str) -> str:
        return f"http://127.0.0.1:{self.server_port}/{kind}/{mark}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Endpoints

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        headers = {name.lower(): value for name, value in self.headers.items()}
        with self.server.lock:
            self.server.asked[self.path, headers["webhook-id"]] += 1
            first = self.server.asked[self.path, headers["webhook-id"]] == 1
        getattr(self, f"_{self.path.split('/')[1]}")(headers, body, first)

    def _ok(self, headers: dict[str, str], body: str, _first: bool) -> None:
        with self.server.lock:
            self.server.posts.setdefault(self.path, []).append((headers, body))
        self._answer(204)

    def _fivehundred(self, headers: dict[str, str], body: str, first: bool) -> None:
        if first:
            self._answer(500)
        else:
            self._ok(headers, body, first)

    def _redirecting(self, *_: Any) -> None:
        self._answer(307, Location="/ok/elsewhere")

    def _gone(self, *_: Any) -> None:
        self._answer(410)

    def _hanging(self, *_: Any) -> None:
        time.sleep(HANGING_SECONDS)
        self.close_connection = True

    def _dripping(self, *_: Any) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.close_connection = True
        try:
            for _second in range(int(HANGING_SECONDS)):
                self.wfile.write(b".")
                time.sleep(1)
        except OSError:
            return

    def _answer(self, status: int, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0") if status != 204 else None
        self.end_headers()

    def log_message(self, *_: Any) -> None: ...


@dataclass(frozen=True)
class Subscription:
    """One partner's, with what it needs to check what it gets."""

    kind: str
    webhook_id: str
    path: str
    secret: str


@dataclass
class Got:
    """What one subscription's log and its endpoint say."""

    statuses: Mapping[str, str]
    """Of the deliveries, by the fact's id."""
    attempts: Mapping[str, int]
    taken: Sequence[str]
    """The webhook-id of each post that the endpoint took, in the order of arrival."""
    disabled: str | None = None


def judge(kind: str, facts: Mapping[str, str], got: Got) -> list[str]:
    """Returns a sentence for each fact (id to type) that this endpoint neither got nor visibly did not get."""
    wanted = {fact for fact, name in facts.items() if name in KINDS[kind].wants}
    if kind == "gone":
        left = [f"{fact} is {status}" for fact, status in got.statuses.items() if status != "cancelled"]
        return left if got.disabled == "gone" else [*left, "the endpoint said 410 and is not disabled"]
    found = [f"{fact} was never asked for" for fact in sorted(wanted - got.statuses.keys())]
    found += [f"{fact} was not subscribed to" for fact in sorted(got.statuses.keys() - wanted)]
    times = Counter(got.taken)
    for fact, status in got.statuses.items():
        if status != KINDS[kind].ends:
            found.append(f"{fact} is {status}")
        if (status == "delivered") != (times[fact] > 0):
            found.append(f"{fact} is {status} and was taken {times[fact]} times")
        # One post more for what was under way when something died.
        if times[fact] > 2:
            found.append(f"{fact} was taken {times[fact]} times")
        if status == "exhausted" and got.attempts.get(fact, 0) < TRIES:
            found.append(f"{fact} is exhausted after {got.attempts.get(fact, 0)} attempts")
    return found


@dataclass
class Partners:
    """The partners of one run: they subscribe for each fault anew."""

    platform: Platform
    endpoints: Endpoints
    slow: dict[str, tuple[Subscription, dict[str, str]]] = field(default_factory=dict)
    """Subscriptions to look at when all else is over, with the facts they must have got."""

    async def subscribe(self, http: httpx.AsyncClient, network_id: str, kinds: Iterable[str]) -> list[Subscription]:
        """Subscribes one endpoint of each kind to what happens in the network from now on."""
        found = []
        for kind in kinds:
            url = self.endpoints.url(kind, network_id)
            body = {"url": url, "fact_types": list(KINDS[kind].wants), "networks": [network_id]}
            told = checked(await http.post("/v1/webhooks", json=body, headers=self._headers(slow=KINDS[kind].slow)))
            found.append(Subscription(kind, told["webhook_id"], f"/{kind}/{network_id}", told["secret"]))
        return found

    async def settle(self, subscriptions: Sequence[Subscription], facts: dict[str, str]) -> list[str]:
        """Waits, as time passes fast, until each has what it must have; returns what it has not by then."""
        slow = any(KINDS[one.kind].slow for one in subscriptions)
        deadline = time.monotonic() + (EXHAUSTED_WITHIN_SECONDS if slow else SETTLED_WITHIN_SECONDS)
        while True:
            found = [
                f"{one.kind}: {sentence}"
                for one in subscriptions
                for sentence in judge(one.kind, facts, await self._got(one))
            ]
            if not found or time.monotonic() > deadline:
                return found + self._forged(subscriptions)
            await self._rows(_DUE_NOW, [one.webhook_id for one in subscriptions])
            await asyncio.sleep(0.3)

    async def leave(self, http: httpx.AsyncClient, subscriptions: Iterable[Subscription]) -> None:
        """Ends the subscriptions: one owner may have few."""
        for one in subscriptions:
            headers = self._headers(slow=KINDS[one.kind].slow)
            (await http.delete(f"/v1/webhooks/{one.webhook_id}", headers=headers)).raise_for_status()

    async def have(
        self, http: httpx.AsyncClient, subscriptions: Sequence[Subscription], facts: dict[str, str]
    ) -> list[str]:
        """Returns what the subscriptions have not got of the facts; the slow ones are looked at in the end."""
        slow = [one for one in subscriptions if KINDS[one.kind].slow]
        self.slow |= {one.webhook_id: (one, facts) for one in slow}
        quick = [one for one in subscriptions if one not in slow]
        found = await self.settle(quick, facts)
        await self.leave(http, quick)
        return found

    def _headers(self, *, slow: bool) -> dict[str, str]:
        token = self.platform.token("nobody") if slow else self.platform.partner_token()
        return {"Authorization": f"Bearer {token}"}

    def _forged(self, subscriptions: Sequence[Subscription]) -> list[str]:
        """What an endpoint took whose signature or id is not as promised."""
        found = []
        for one in subscriptions:
            for headers, body in self.endpoints.posts.get(one.path, []):
                event = Webhook(one.secret).verify(body, headers)
                if event["id"] != headers["webhook-id"]:
                    found.append(f"{one.kind}: {event['id']} came under another webhook-id")
        return found

    async def _got(self, one: Subscription) -> Got:
        rows = await self._rows(_LOG, one.webhook_id)
        disabled = await self._rows("SELECT disabled_reason FROM webhook WHERE webhook_id::text = $1", one.webhook_id)
        return Got(
            statuses={row["message_id"]: row["status"] for row in rows},
            attempts={row["message_id"]: row["attempts"] for row in rows},
            taken=[headers["webhook-id"] for headers, _ in self.endpoints.posts.get(one.path, [])],
            disabled=disabled[0]["disabled_reason"],
        )

    async def _rows(self, statement: str, *values: Any) -> list[Any]:
        url = self.platform.database_url("notifications").replace("+asyncpg", "")
        connection = await asyncpg.connect(url)
        try:
            return list(await connection.fetch(statement, *values))
        finally:
            await connection.close()


_LOG = """
SELECT message_id::text, status, attempts FROM webhook_delivery WHERE webhook_id::text = $1
"""
_DUE_NOW = """
UPDATE webhook_delivery SET due_at = now()
 WHERE webhook_id::text = ANY ($1::text[]) AND status = 'pending' AND due_at > now()
"""
