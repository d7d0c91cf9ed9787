"""A partner's integrator, by the keyboard alone: subscribes, sees a test fail, mends the endpoint, sends it again."""

import json
import re
import secrets
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from browsing import READERS, person
from playwright.async_api import Browser, Locator, Page, expect
from polity_chassis.clock import utc_now
from polity_local.testing.parts import verified
from stage import Stage, until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

INTEGRATOR = "nobody"
"""Signed in, and without any mandate: public facts need none."""


class Endpoint(ThreadingHTTPServer):
    """Refuses everything until it is mended; listens on this machine, which the demonstration's setting allows."""

    def __init__(self) -> None:
        self.mended = False
        self.taken: list[tuple[dict[str, str], str]] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hooks"


class _Handler(BaseHTTPRequestHandler):
    server: Endpoint

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if self.server.mended:
            self.server.taken.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(204 if self.server.mended else 503)
        self.end_headers()

    def log_message(self, *_: Any) -> None: ...


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    server = Endpoint()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()


async def appears(page: Page, found: Locator) -> None:
    """Loads the page until it shows this: without JavaScript nothing changes by itself."""

    async def shown() -> bool:
        await page.reload()
        return await found.count() > 0

    await until(shown)


@pytest.mark.parametrize(("language", "width"), READERS)
async def test_a_failed_delivery_is_seen_understood_and_sent_again(
    chromium: Browser, stage: Stage, endpoint: Endpoint, language: str, width: int
) -> None:
    cookies = await stage.signed_in(chromium, language, INTEGRATOR)
    name = f"Map {secrets.token_hex(4)}"
    async with person(chromium, language, width, storage_state=cookies) as integrator:
        page, say = integrator.page, integrator.say
        await integrator.open(f"{stage.platform.url}/{language}/office/webhooks")
        await integrator.look(walk=True)
        await integrator.go("link", say("New subscription"))
        await integrator.write(say("Address of your endpoint"), "http://10.0.0.1/hooks")
        await integrator.go("button", say("Subscribe"))
        await expect(page.get_by_role("alert")).to_be_visible()
        await integrator.look(walk=True)
        await integrator.write(say("Address of your endpoint"), endpoint.url)
        await integrator.write(say("What it is for"), name)
        await integrator.tick(re.compile("milestone_reached"))
        await integrator.go("button", say("Subscribe"))
        await integrator.look(walk=True)
        secret = await page.locator("#secret").input_value()
        await integrator.go("link", say("I have kept it: go on to the delivery log"))
        await integrator.go("button", say("Send a test"))
        await appears(page, page.get_by_text(say("The endpoint answered with an error.")))
        await integrator.look(walk=True)
        endpoint.mended = True
        await integrator.go("button", say("Send again"))
        await appears(page, page.locator(".delivery.delivered"))
        await integrator.look()
        headers, body = endpoint.taken[0]
        assert verified(secret, headers, body, utc_now())["type"] == json.loads(body)["type"] == "polity.webhook_test"
        await integrator.go("button", say("Pause"))
        await integrator.go("button", say("Resume"))
        await expect(page.get_by_role("button", name=say("Pause"))).to_be_visible()
        await integrator.reach(page.locator("summary", has_text=say("Remove the subscription")))
        await page.keyboard.press("Enter")
        await integrator.go("button", say("Remove it"))
        await expect(page.get_by_role("status")).to_have_text(say("The subscription was removed."))
        assert name not in await page.content()
