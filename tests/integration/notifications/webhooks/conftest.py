"""Partners' endpoints of every kind, and subscriptions to them."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest_asyncio
from aiohttp import web
from polity_chassis.ids import new_id
from polity_chassis.settings import ServiceSettings
from polity_notifications.consumers.webhooks import webhook_consumer
from polity_notifications.storage.tables import webhook, webhook_attempt, webhook_delivery
from polity_notifications.usecases.manage_webhooks import Subscribe, Told, subscribe
from polity_notifications.webhooks.posting import Poster
from polity_notifications.webhooks.sender import WebhookSender
from sqlalchemy import Table, select, update


class Endpoints:
    """Paths that behave as they are called: /ok, /hang, /drip, /redirect, /gone, /flaky, /busy, /slow, /flood."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, dict[str, str], bytes]] = []
        self.asked: Counter[str] = Counter()
        self.at_once: Counter[str] = Counter()
        self.most_at_once: Counter[str] = Counter()
        self.failing = True
        self.retry_after = ""
        self.url = ""

    def bodies(self, path: str = "ok") -> list[bytes]:
        return [body for name, _, body in self.taken if name == path]

    async def answer(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"].partition("-")[0]
        path = request.match_info["name"]
        self.asked[path] += 1
        self.at_once[path] += 1
        self.most_at_once[path] = max(self.most_at_once[path], self.at_once[path])
        try:
            self.taken.append((path, dict(request.headers), await request.read()))
            return await getattr(self, f"_{name}")(request)
        finally:
            self.at_once[path] -= 1

    async def _ok(self, _: web.Request) -> web.StreamResponse:
        return web.Response(text="thanks")

    async def _hang(self, _: web.Request) -> web.StreamResponse:
        await asyncio.sleep(3600)
        return web.Response()

    async def _drip(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b".")
            await asyncio.sleep(0.05)

    async def _redirect(self, _: web.Request) -> web.StreamResponse:
        raise web.HTTPTemporaryRedirect("/ok")

    async def _gone(self, _: web.Request) -> web.StreamResponse:
        return web.Response(status=410)

    async def _flaky(self, _: web.Request) -> web.StreamResponse:
        return web.Response(status=500 if self.failing else 204)

    async def _busy(self, _: web.Request) -> web.StreamResponse:
        busy = web.Response(status=503, headers={"Retry-After": self.retry_after})
        return busy if self.failing else web.Response(status=204)

    async def _slow(self, _: web.Request) -> web.StreamResponse:
        await asyncio.sleep(0.2)
        return web.Response()

    async def _flood(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"x" * 65_536)


class Partners:
    """Subscribes endpoints, hands facts to the consumer's handlers, and posts what they ask for."""

    def __init__(self, world: Any, endpoints: Endpoints, seconds: float) -> None:
        self.world, self.endpoints = world, endpoints
        self.poster = Poster(allow_loopback=True, seconds=seconds)
        self.handlers = webhook_consumer().handlers
        self.sender = self.new_sender()

    def new_sender(self, poster: Any = None, *, runtime: Any = None, **settings: Any) -> WebhookSender:
        changed: ServiceSettings = self.world.settings.model_copy(update=settings)
        return WebhookSender(runtime or self.world.runtime, changed, poster or self.poster)  # type: ignore[arg-type]

    async def subscribe(self, path: str = "ok", **wanted: Any) -> Told:
        url = path if ":" in path else f"{self.endpoints.url}/{path}"
        values = {"owner": "partner", "fact_types": None, "networks": None, **wanted}
        command = Subscribe(**values, url=url, description="")
        keys = self.world.settings.webhook_keys
        return await subscribe(self.world.database, command, keys, None)

    async def told(self, *facts: Any) -> None:
        async with self.world.database.transaction() as session:
            for received in facts:
                if handler := self.handlers.get(type(received.fact)):
                    await handler(session, [received])

    async def rows(self, table: Table = webhook_delivery) -> list[dict[str, Any]]:
        order = next(iter(table.primary_key.columns))
        async with self.world.database.engine.connect() as connection:
            return [dict(row) for row in (await connection.execute(select(table).order_by(order))).mappings()]

    async def statuses(self) -> list[str]:
        return sorted(row["status"] for row in await self.rows())

    async def attempts(self) -> list[dict[str, Any]]:
        return sorted(await self.rows(webhook_attempt), key=lambda row: (row["at"], row["number"]))

    async def webhooks(self) -> list[dict[str, Any]]:
        return await self.rows(webhook)

    async def webhook(self, webhook_id: UUID) -> dict[str, Any]:
        return next(row for row in await self.webhooks() if row["webhook_id"] == webhook_id)

    async def failing_since(self, webhook_id: UUID, **ago: float) -> None:
        now = self.world.clock.now
        values = {"failing_since": now - timedelta(**ago), "failing_for": timedelta(**ago), "failed_at": now}
        async with self.world.database.engine.begin() as connection:
            statement = update(webhook).where(webhook.c.webhook_id == webhook_id).values(values)
            await connection.execute(statement)

    def commitment(self, ordinal: int = 1) -> Any:
        return self.world.committed(new_id(), ordinal)


@pytest_asyncio.fixture
async def endpoints() -> AsyncIterator[Endpoints]:
    made, application = Endpoints(), web.Application()
    application.router.add_route("*", "/{name}", made.answer)
    runner = web.AppRunner(application, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield made
    await runner.cleanup()


@pytest_asyncio.fixture
async def partners(world: Any, endpoints: Endpoints) -> AsyncIterator[Partners]:
    """Partners whose endpoints are given a second to answer."""
    made = Partners(world, endpoints, seconds=1.0)
    yield made
    await made.poster.close()
