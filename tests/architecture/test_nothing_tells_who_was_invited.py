"""No public answer, page or post tells whether a local government that has not pledged was invited.

One campaign is looked at twice, and in between only that happens which is nobody else's business: places are
registered, invited, interested, say no, send pledges that wait or are returned. Every public route is asked, so a new
one is looked at as soon as it is there.
"""

import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

import httpx
import pytest
from polity_chassis.authorization.access import PUBLIC
from polity_chassis.clock import utc_now
from polity_local.demo import letter
from polity_local.demo.places import invented_csv
from polity_local.running.platform import Platform

PATIENCE_SECONDS = 60
TOLD = ("invited", "interested", "declined", "submitted", "unanswered")
"""What the public learns of others than those who pledged: totals, from ten invited on."""
MOMENT = re.compile(r'"as_of":"[^"]+"|<time datetime="[^"]+">[^<]+</time>')
"""When the figures were asked for."""
Seen = Mapping[str, tuple[int, bytes, str | None]]
"""Address to status, body and ETag."""


class Endpoint:
    """A partner's endpoint on this machine; it takes everything and keeps it."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                endpoint.events.append(json.loads(body))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hooks"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def types(self) -> list[str]:
        return [event["type"].removeprefix("membership.") for event in self.events]


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    made = Endpoint()
    yield made
    made.close()


class Campaign:
    """A campaign that confirms its pledges, seen from inside by its secretariat and from outside by anybody."""

    def __init__(self, maker: Any, link_of: Callable[[str], dict[str, str]]) -> None:
        self.maker, self.link_of = maker, link_of
        self.network_id = maker.network("secretariat")
        body = {**letter.campaign(utc_now().date()), "counts_at_once": False}
        path = f"/v1/networks/{self.network_id}/campaigns"
        self.id = maker.post("secretariat", path, body)["campaign_id"]
        self.path = f"/v1/campaigns/{self.id}"

    def invite(self, count: int, wave: str) -> list[Any]:
        """Registers so many places and invites them."""
        path = f"/v1/networks/{self.network_id}/local-government-imports?dry_run=false"
        self.maker.post("secretariat", path, invented_csv(count, uuid4().hex[:8]).encode())
        self.maker.post("secretariat", f"{self.path}/invitations", {"wave": wave, "all": True})
        return list(self.get(f"{self.path}/invitations?wave={wave}")["items"])

    def get(self, path: str) -> Any:
        answer = self.maker.http.get(path, headers=self.maker.headers("secretariat"))
        assert answer.is_success, answer.text
        return answer.json()

    def pledge(self, invitation: Any) -> str:
        return str(self.maker.pledge(self.link_of(invitation["invitation_id"])))

    def decide(self, commitment_id: str, decision: str, **body: Any) -> None:
        self.maker.post("secretariat", f"/v1/commitments/{commitment_id}/{decision}", body or None)

    def answer(self, invitation: Any, verb: str, **body: Any) -> None:
        link = self.link_of(invitation["invitation_id"])
        self.maker.http.post(f"/v1/answer/{verb}", headers=link, json=body).raise_for_status()


def until(true: Callable[[], bool], said: Callable[[], Any]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < deadline, said()
        time.sleep(0.2)


def looked_at(platform: Platform, routes: list[Any], campaign: Campaign, names: list[str]) -> Seen:
    """What anybody gets at every public address about the campaign, and when searching it for the names."""
    values = {"network_id": campaign.network_id, "campaign_id": campaign.id, "lang": "en"}
    about = [
        route.address(values)
        for route in routes
        if route.rule == PUBLIC
        and route.method == "GET"
        and not route.session
        and {"network_id", "campaign_id"} & set(route.parameters())
        and set(route.parameters()) <= values.keys()
    ]
    lists = [f"/v1/campaigns?network_id={campaign.network_id}", "/v1/webhook-types"]
    searches = [f"/v1/progress/{campaign.id}/commitments?q={name}" for name in names]
    searches += [f"/en/campaigns/{campaign.id}?q={name}" for name in names]
    found = {}
    with httpx.Client(base_url=platform.url, timeout=30) as http:
        for address in (*about, *lists, *searches):
            answer = http.get(address)
            assert answer.status_code == 200, f"{address}: {answer.text}"
            body = MOMENT.sub("", answer.text).encode()
            found[address] = (answer.status_code, body, answer.headers.get("ETag"))
    return found


def differing(before: Seen, after: Seen) -> list[str]:
    return [address for address in before if before[address] != after[address]]


@pytest.mark.timeout(240)
def test_nothing_public_tells_who_was_invited(
    platform: Platform, world: Any, routes: list[Any], maker: Any, link_of: Any, endpoint: Endpoint
) -> None:
    campaign = Campaign(maker, link_of)
    partner = {"Authorization": f"Bearer {platform.partner_token()}"}
    hook = {"url": endpoint.url, "networks": [campaign.network_id]}
    maker.http.post("/v1/webhooks", headers=partner, json=hook).raise_for_status()

    pledged = [campaign.pledge(each) for each in campaign.invite(3, "pledging")]
    for commitment_id in pledged:
        campaign.decide(commitment_id, "confirmation")
    campaign.decide(pledged[0], "withdrawal")
    public = f"/v1/progress/{campaign.id}"

    def totals() -> Any:
        answer = maker.http.get(public)
        return answer.json()["totals"] if answer.is_success else None

    def inside() -> Any:
        answer = maker.http.get(f"{public}/answers", headers=maker.headers("secretariat"))
        return answer.json()["totals"] if answer.is_success else None

    until(lambda: bool(totals()) and (totals()["committed"], totals()["withdrawn"]) == (2, 1), totals)
    until(lambda: endpoint.types().count("commitment_withdrawn") == 1, endpoint.types)
    until(lambda: bool(inside()) and inside()["invited"] == 3, inside)
    quiet = ["A place that nobody registered"]
    before, posted = looked_at(platform, routes, campaign, quiet), len(endpoint.events)
    assert {
        f"{public}.csv",
        f"/en/campaigns/{campaign.id}",
        f"/v1/networks/{campaign.network_id}/members",
    } <= before.keys()

    silent, interested, declined, waiting, returned, revoked = campaign.invite(6, "others")
    campaign.answer(interested, "interest")
    campaign.answer(declined, "decline", reason="Not our priority.")
    submitted = campaign.pledge(waiting)
    campaign.decide(campaign.pledge(returned), "return", reason="It is not signed.")
    maker.post("secretariat", f"/v1/invitations/{revoked['invitation_id']}/revocation", None)
    wanted = {"invited": 9, "interested": 2, "declined": 1, "submitted": 1, "committed": 2, "withdrawn": 1}
    until(lambda: {name: inside()[name] for name in wanted} == wanted, inside)
    after = looked_at(platform, routes, campaign, quiet)
    assert differing(before, after) == []
    asked = [each["name"] for each in (silent, interested, declined, waiting, returned, revoked)]
    everything = b"".join(body for _, body, _ in after.values()).decode()
    assert [name for name in asked if name in everything] == []
    # Looked for by name, one that was invited is as unknown as one that nobody ever heard of.
    invited, unheard = asked[0].split()[-1], "nobody-0001"
    somebody, nobody = (looked_at(platform, routes, campaign, [name]) for name in (invited, unheard))
    for (_, about_one, _), (_, about_none, _) in zip(somebody.values(), nobody.values(), strict=True):
        assert about_one.replace(invited.encode(), b"") == about_none.replace(unheard.encode(), b"")

    # The pledge that waited counts: its post comes after everything of the same key, and is the only one.
    campaign.decide(submitted, "confirmation")
    until(lambda: len(endpoint.events) > posted, endpoint.types)
    (made,) = endpoint.events[posted:]
    assert (made["type"], made["data"]["name"]) == ("membership.commitment_made", waiting["name"])
    posts = json.dumps(endpoint.events)
    others = (silent, interested, declined, returned, revoked)
    assert [each["name"] for each in others if each["name"] in posts or each["local_government_id"] in posts] == []


@pytest.mark.timeout(240)
def test_from_ten_invited_on_totals_are_all_that_is_told(
    platform: Platform, world: Any, routes: list[Any], maker: Any, link_of: Any
) -> None:
    campaign = Campaign(maker, link_of)
    first, *others = campaign.invite(10, "first")
    campaign.decide(campaign.pledge(first), "confirmation")
    public = f"/v1/progress/{campaign.id}"

    def totals() -> Any:
        answer = maker.http.get(public)
        return answer.json()["totals"] if answer.is_success else {}

    until(lambda: (totals().get("invited"), totals().get("committed")) == (10, 1), totals)
    before = looked_at(platform, routes, campaign, [])
    campaign.answer(others[0], "decline")
    campaign.answer(others[1], "interest")
    campaign.invite(1, "second")
    until(lambda: [totals()[name] for name in TOLD] == [11, 1, 1, 0, 8], totals)
    after = looked_at(platform, routes, campaign, [])
    page = f"/en/campaigns/{campaign.id}"
    assert set(differing(before, after)) == {public, f"{public}.csv", page}
    one, other = (json.loads(seen[public][1].replace(b",,", b",")) for seen in (before, after))
    assert {name for name in one["totals"] if one["totals"][name] != other["totals"][name]} <= set(TOLD)
    assert {**one, "totals": {}} == {**other, "totals": {}}
    lines = [seen[f"{public}.csv"][1].splitlines() for seen in (before, after)]
    assert [number for number, pair in enumerate(zip(*lines, strict=True)) if pair[0] != pair[1]] == [1]
    tiles = re.compile(r'<dl class="tiles">.*?</dl>', re.DOTALL)
    assert tiles.sub("", before[page][1].decode()) == tiles.sub("", after[page][1].decode())


def test_the_comparison_sees_one_byte_and_one_tag() -> None:
    seen: Seen = {"a": (200, b"x", "1"), "b": (200, b"x", "1"), "c": (200, b"x", "1")}
    assert differing(seen, {"a": (200, b"x", "1"), "b": (200, b"y", "1"), "c": (200, b"x", "2")}) == ["b", "c"]
