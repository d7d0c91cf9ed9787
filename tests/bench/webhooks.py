"""Signed durable webhooks, against a bare loop that signs and posts the same bodies and keeps nothing.

Both post to 20 endpoints of one server, a process of its own, with as many posts at a time. And what 19 of the 20 get
while the twentieth hangs, against what they get while it answers.
"""

import asyncio
import base64
import multiprocessing
import os
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from multiprocessing.connection import Connection
from typing import Any

import aiohttp
from aiohttp import web
from polity_chassis.authorization.links import LinkKeys
from polity_chassis.clock import utc_now
from polity_chassis.database.engine import Database
from polity_chassis.database.migrations import migrate
from polity_chassis.ids import new_id
from polity_chassis.runtime import Runtime
from polity_local.testing.parts import KafkaForTests, PostgresForTests
from polity_notifications.domain.signing import signature
from polity_notifications.settings import Settings
from polity_notifications.storage.webhooks import fanout
from polity_notifications.usecases.manage_webhooks import Subscribe, subscribe
from polity_notifications.webhooks.posting import Answer, Poster
from polity_notifications.webhooks.sender import WebhookSender

ENDPOINTS = 20
EACH = 250
AT_ONCE = 4
HANGING = "hanging"
BODY = '{"type": "membership.commitment_made", "data": "' + "x" * 600 + '"}'
KEYS = LinkKeys.model_validate({"k1": base64.b64encode(os.urandom(32)).decode()})


async def measure(postgres: PostgresForTests, _: KafkaForTests, runs: int) -> dict[str, Any]:
    """Returns both rates in posts/s as medians over `runs` alternated runs, and their ratio (ours / bare)."""
    ours, bare = [], []
    with _server() as url:
        for _run in range(runs):
            ours.append(await _durable(await postgres.create_database("bench"), url, ENDPOINTS))
            bare.append(await _bare(url))
            await postgres.drop_created()
    return _result("webhooks to 20 endpoints", ours, bare, "a bare loop of aiohttp and HMAC")


async def measure_hanging(postgres: PostgresForTests, _: KafkaForTests, runs: int) -> dict[str, Any]:
    """Returns what 19 endpoints get in posts/s beside one that hangs, and beside one that answers as they do."""
    beside_hanging, beside_well = [], []
    with _server() as url:
        for _run in range(runs):
            for rates, last in ((beside_hanging, HANGING), (beside_well, "well")):
                rates.append(await _durable(await postgres.create_database("bench"), url, ENDPOINTS - 1, last))
                await postgres.drop_created()
    return _result(
        "webhooks to 19 endpoints beside one that hangs", beside_hanging, beside_well, "beside one that is well"
    )


def _result(name: str, ours: list[float], peer: list[float], peer_name: str) -> dict[str, Any]:
    return {
        "name": name,
        "ours": round(statistics.median(ours)),
        "peer": round(statistics.median(peer)),
        "ratio": round(statistics.median(ours) / statistics.median(peer), 2),
        "unit": "posts/s",
        "peer_name": peer_name,
        "runs": len(ours),
    }


@contextmanager
def _server() -> Iterator[str]:
    here, there = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=_serve, args=(there,), daemon=True)
    server.start()
    try:
        yield f"http://127.0.0.1:{here.recv()}"
    finally:
        server.terminate()


def _serve(told: Connection) -> None:
    async def serve() -> None:
        application = web.Application()
        application.router.add_post("/{name}", _taken)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        told.send(runner.addresses[0][1])
        await asyncio.Event().wait()

    asyncio.run(serve())


async def _taken(request: web.Request) -> web.Response:
    await request.read()
    if request.match_info["name"] == HANGING:
        await asyncio.sleep(3600)
    return web.Response(status=204)


class Counting(Poster):
    """Knows when so many posts were taken by endpoints that are told by a number."""

    def __init__(self, expected: int) -> None:
        super().__init__(allow_loopback=True)
        self._left, self.done = expected, asyncio.Event()

    async def post(self, url: str, headers: Mapping[str, str], body: bytes, owner: str = "") -> Answer:
        answer = await super().post(url, headers, body, owner)
        if answer.taken and url[-1].isdigit():
            self._left -= 1
            if not self._left:
                self.done.set()
        return answer


async def _durable(database_url: str, url: str, endpoints: int, *beside: str) -> float:
    """Returns the posts/s of the numbered endpoints, from the first claim until all of it is noted."""
    await migrate(database_url, "polity_notifications")
    database = Database(database_url, application_name="bench")
    settings = Settings(
        port=1, database_url=database_url, kafka_bootstrap="127.0.0.1:1", issuer="http://issuer", jwks_url="http://jwks",
        answer_link_keys=KEYS, smtp_host="127.0.0.1", smtp_port=1, smtp_tls="none", mail_from="polity@example.net",
        webhook_keys=KEYS, webhook_allow_loopback=True, webhook_posts_per_endpoint=AT_ONCE,
    )  # fmt: skip
    poster = Counting(endpoints * EACH)
    sender = WebhookSender(Runtime(settings, database, utc_now), settings, poster)
    try:
        await _ask(database, [f"{url}/{name}" for name in (*range(endpoints), *beside)])
        started = time.perf_counter()
        if beside:
            running = asyncio.create_task(sender.run())
            await poster.done.wait()
        else:
            await sender.settle()
        took = time.perf_counter() - started
        if beside:
            running.cancel()
            await asyncio.wait([running])
        return endpoints * EACH / took
    finally:
        await poster.close()
        await database.close()


async def _ask(database: Database, urls: Sequence[str]) -> None:
    for url in urls:
        await subscribe(database, Subscribe("bench", url, "", None, None), KEYS, None)
    messages = [
        {
            "message_id": new_id(), "type": "bench", "subject": str(number), "sequence": 1, "networks": "",
            "body": BODY, "traceparent": None, "occurred_at": utc_now(),
        }
        for number in range(EACH)
    ]  # fmt: skip
    async with database.transaction() as session:
        await fanout.keep(session, messages)
        await fanout.fan_out(session, [message["message_id"] for message in messages], timedelta(minutes=1))


async def _bare(url: str) -> float:
    secret = os.urandom(32)

    async def post(session: aiohttp.ClientSession, number: int) -> None:
        for message in range(EACH // AT_ONCE):
            at, message_id = int(time.time()), str(message)
            headers = {
                "webhook-id": message_id, "webhook-timestamp": str(at),
                "webhook-signature": signature([secret], message_id, at, BODY.encode()),
            }  # fmt: skip
            async with session.post(f"{url}/{number}", data=BODY.encode(), headers=headers) as answer:
                await answer.read()

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        started = time.perf_counter()
        await asyncio.gather(*(post(session, number) for number in range(ENDPOINTS) for _ in range(AT_ONCE)))
        return ENDPOINTS * AT_ONCE * (EACH // AT_ONCE) / (time.perf_counter() - started)
