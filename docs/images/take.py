"""Takes the README's pictures of what `./dev up` has loaded: `.venv/bin/python docs/images/take.py`.

It subscribes an endpoint that fails once, so that the delivery log has something to tell, and removes it again.
"""

import asyncio
import re
import threading
from contextlib import asynccontextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
from playwright.async_api import Browser, Page, async_playwright
from polity_local.commands.checks import browser as installed_browser
from polity_local.running.instance import up_instance
from polity_local.running.platform import Platform
from polity_local.running.stack import Stack

HERE = Path(__file__).parent
USER = "secretariat"


class Endpoint(BaseHTTPRequestHandler):
    """Refuses the first message and takes the others."""

    refused = False

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204 if Endpoint.refused else 503)
        Endpoint.refused = True
        self.end_headers()

    def log_message(self, *_: Any) -> None: ...


@asynccontextmanager
async def page_of(browser: Browser, language: str, width: int, height: int) -> Any:
    context = await browser.new_context(
        viewport={"width": width, "height": height}, locale=language, reduced_motion="reduce", color_scheme="light"
    )
    yield await context.new_page()
    await context.close()


async def sign_in(page: Page, platform: Platform, path: str) -> None:
    await page.goto(f"{platform.url}{path}")
    await page.fill("#username", USER)
    await page.fill("#password", platform.demo_password)
    await page.click("#kc-login")
    await page.wait_for_url(f"**{path}")


async def keep(page: Page, name: str) -> None:
    await page.screenshot(path=HERE / f"{name}.jpg", type="jpeg", quality=80)


async def answer_link(platform: Platform, language: str) -> str:
    """The link of an invitation in this language that is not answered yet, out of the mail catcher."""
    async with httpx.AsyncClient(base_url=platform.mail_url, timeout=30) as catcher:
        pages = number = 1
        while number <= pages:
            listed = (await catcher.get("/api/messages/", params={"page": number})).raise_for_status().json()
            for mail in listed["data"]:
                text = (await catcher.get(f"/api/messages/{mail['id']}.plain")).text
                found = re.search(rf"https?://\S+/{language}/answer/(\S+)", text)
                if found and await _open(platform, found[1]):
                    return found[0]
            number, pages = number + 1, listed["meta"]["pages_total"]
    raise LookupError(f"no open invitation in {language}")


async def _open(platform: Platform, token: str) -> bool:
    async with httpx.AsyncClient(base_url=platform.url, timeout=30) as http:
        answer = await http.get("/v1/answer", headers={"Authorization": f"Link {token}"})
    return answer.is_success and answer.json()["status"] == "interested"


async def delivery_log(page: Page, platform: Platform) -> None:
    endpoint = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    threading.Thread(target=endpoint.serve_forever, daemon=True).start()
    headers = {"Authorization": f"Bearer {platform.token(USER)}"}
    async with httpx.AsyncClient(base_url=platform.url, headers=headers, timeout=30) as http:
        body = {"url": f"http://127.0.0.1:{endpoint.server_port}/hooks", "description": "Map of member cities"}
        made = (await http.post("/v1/webhooks", json=body)).raise_for_status().json()
        path = f"/v1/webhooks/{made['webhook_id']}"
        for _ in range(2):
            (await http.post(f"{path}/test")).raise_for_status()
            await asyncio.sleep(8)
        await page.goto(f"{platform.url}/en/office/webhooks/{made['webhook_id']}")
        await page.set_viewport_size({"width": 1280, "height": 900})
        await page.click(".delivery:last-child summary")
        await keep(page, "delivery-log")
        await http.delete(path)
    endpoint.shutdown()


async def main() -> None:
    place = up_instance()
    platform = Platform(place, Stack(place))
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=installed_browser())
        async with page_of(browser, "en", 1280, 1040) as page:
            await page.goto(f"{platform.url}/en/")
            await keep(page, "campaign")
        async with page_of(browser, "en", 1280, 1460) as page:
            await sign_in(page, platform, "/en/office")
            await keep(page, "office")
            await delivery_log(page, platform)
        async with page_of(browser, "ar", 390, 844) as page:
            await page.goto(await answer_link(platform, "ar"))
            await keep(page, "answer-ar")
        await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
