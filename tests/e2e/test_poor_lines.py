"""A city on a poor line: 400 kbit/s, a segment in twenty lost, and a line that breaks; with scripts and without."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.async_api import Browser, FilePayload, Page, Request, expect
from polity_chassis.clock import utc_now
from poor_line import Line, poor_line
from stage import Stage

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

LARGEST_BYTES = 100_000
"""Of all that a city's pages load."""
PIECE_BYTES = 131_072
PHOTO = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 1640
"""420 kB: three pieces and a part of a fourth."""
PATIENCE = 120_000
"""Milliseconds after which nothing more will come; nothing is measured."""


@asynccontextmanager
async def at_the_end_of_a(line: Line, chromium: Browser, *, scripts: bool = True) -> AsyncIterator[Page]:
    """A telephone's page behind the line."""
    context = await chromium.new_context(viewport={"width": 390, "height": 800}, java_script_enabled=scripts)
    context.set_default_timeout(PATIENCE)
    page = await context.new_page()
    try:
        yield page
    finally:
        await context.close()


def over(line: Line, link: str) -> str:
    """The address of a mail's link as the browser behind the line reaches it."""
    return f"http://localhost:{line.port}{urlsplit(link).path}"


async def saved(stage: Stage, link: str) -> Any:
    """The form as membership has it, asked for on a good line."""
    headers = {"Authorization": f"Link {link.rpartition('/')[2]}"}
    async with httpx.AsyncClient(base_url=stage.platform.url, timeout=30) as http:
        return (await http.get("/v1/answer/draft", headers=headers)).raise_for_status().json()


async def state(page: Page, selector: str, what: str) -> None:
    await expect(page.locator(selector)).to_have_attribute("data-state", what, timeout=PATIENCE)


def photo(content: bytes = PHOTO) -> FilePayload:
    return {"name": "letter.jpg", "mimeType": "image/jpeg", "buffer": content}


def offset_of(request: Request) -> int | None:
    """Where a piece of an upload begins, None for any other request."""
    return int(request.headers["upload-offset"]) if request.method == "PATCH" else None


async def test_typing_and_a_photo_survive_a_line_that_breaks(chromium: Browser, stage: Stage) -> None:
    link = await stage.city("Poorline", "en")
    async with poor_line(stage.platform.instance.ports.gateway) as line, at_the_end_of_a(line, chromium) as page:
        await page.goto(over(line, link))
        await page.click("text=We are interested")
        await page.fill("#signatory_name", "Ana Example")
        await state(page, "#saved", "saved")
        assert (await saved(stage, link))["signatory_name"] == "Ana Example"

        line.cut()
        await page.fill("#signatory_office", "Mayor")
        await state(page, "#saved", "offline")
        assert (await saved(stage, link))["signatory_office"] is None
        # The tab is loaded anew before the line is well: what was typed is still there, and is saved.
        line.mend()
        await page.reload()
        await expect(page.locator("#signatory_office")).to_have_value("Mayor")
        await state(page, "#saved", "saved")
        assert (await saved(stage, link))["signatory_office"] == "Mayor"

        await _send_photo(page, line)
        (listed,) = await stage.get(f"/v1/invitations/{await _invitation(stage, link)}/proofs")
        assert listed["length_bytes"] == len(PHOTO)

        await page.goto(over(line, link))
        await expect(page.locator("#signatory_name")).to_have_value("Ana Example")
        await _choose_and_pledge(page)
        assert line.up.lost > 10
        assert line.down.lost > 0


async def _send_photo(page: Page, line: Line) -> None:
    """The line breaks within the second piece, the page is loaded anew within the third.

    The line stops there by itself: a browser's news of a request comes late on a busy machine, and its next page too.
    """
    sent: list[int] = []
    page.on("request", lambda request: sent.append(offset) if (offset := offset_of(request)) is not None else None)
    await page.click("text=The letter to print and sign")
    await page.set_input_files("#file", photo())
    stopped = line.up.stop_after(PIECE_BYTES + PIECE_BYTES // 2)
    await page.click("text=Send the letter")
    await stopped.wait()
    line.cut()
    await state(page, "#upload", "offline")
    stopped = line.up.stop_after(PIECE_BYTES + PIECE_BYTES // 2)
    line.mend()
    await stopped.wait()
    letter = page.url
    await page.goto("about:blank")
    line.up.go()
    await page.goto(letter)
    await state(page, "#upload", "again")
    await page.set_input_files("#file", photo())
    await page.click("text=Send the letter")
    await state(page, "#upload", "saved")
    await expect(page.locator("[data-upload] progress")).to_have_attribute("value", "1")
    # Nothing that had arrived was sent again: each piece begins where the last one ended, or where it was cut.
    assert sent == sorted(sent)
    assert set(sent) == {0, PIECE_BYTES, 2 * PIECE_BYTES, 3 * PIECE_BYTES}
    assert sent.count(0) == 1


async def _choose_and_pledge(page: Page) -> None:
    for rank in (1, 2, 3):
        await page.select_option(f"#theme_{rank}", index=rank)
    await page.fill("#signed_on", utc_now().date().isoformat())
    await page.check("#confirmed")
    await page.click("button:text-is('Make the pledge')")
    await expect(page.locator("h1")).to_contain_text("Thank you", timeout=PATIENCE)


async def _invitation(stage: Stage, link: str) -> str:
    headers = {"Authorization": f"Link {link.rpartition('/')[2]}"}
    async with httpx.AsyncClient(base_url=stage.platform.url, timeout=30) as http:
        return str((await http.get("/v1/answer", headers=headers)).raise_for_status().json()["invitation_id"])


async def test_the_same_without_scripts(chromium: Browser, stage: Stage) -> None:
    link = await stage.city("Scriptless", "en")
    small = PHOTO[:100_000]
    async with (
        poor_line(stage.platform.instance.ports.gateway) as line,
        at_the_end_of_a(line, chromium, scripts=False) as page,
    ):
        await page.goto(over(line, link))
        await page.click("text=We are interested")
        await page.fill("#signatory_name", "Ana Example")
        await page.click("text=Save and go on later")
        await expect(page.locator("#saved")).to_contain_text("Saved:", timeout=PATIENCE)
        assert (await saved(stage, link))["signatory_name"] == "Ana Example"
        await page.click("text=The letter to print and sign")
        await page.set_input_files("#file", photo(small))
        await page.click("text=Send the letter")
        await expect(page.locator(".panel .ok")).to_contain_text("Your letter arrived", timeout=PATIENCE)
        (listed,) = await stage.get(f"/v1/invitations/{await _invitation(stage, link)}/proofs")
        assert listed["length_bytes"] == len(small)
        await page.goto(over(line, link))
        await page.fill("#signatory_office", "Mayor")
        await _choose_and_pledge(page)


@pytest.mark.parametrize("language", ["en", "ar", "ko"])
async def test_all_that_a_citys_pages_load_is_small(chromium: Browser, stage: Stage, language: str) -> None:
    """Bytes as they came over the line, headers included: the answer's page, saved, the letter, the thanks."""
    link = await stage.city(f"Light {language}", language)
    context = await chromium.new_context()
    page = await context.new_page()
    network = await context.new_cdp_session(page)
    await network.send("Network.enable")
    loaded: list[float] = []
    network.on("Network.loadingFinished", lambda event: loaded.append(event["encodedDataLength"]))
    fetched: list[str] = []
    page.on("response", lambda response: fetched.append(urlsplit(response.url).path))

    await page.goto(link, wait_until="networkidle")
    assert sum(loaded) > 5_000
    await page.locator('form[action$="/interest"] button').click()
    await page.fill("#signatory_name", "Ana Example")
    await page.fill("#signatory_office", "Mayor")
    await state(page, "#saved", "saved")
    await page.locator('a[href$="/letter"]').click()
    await page.wait_for_load_state("networkidle")
    await page.goto(link, wait_until="networkidle")
    for rank in (1, 2, 3):
        await page.select_option(f"#theme_{rank}", index=rank)
    await page.check("#confirmed")
    await page.locator("#answer button:not([formaction])").click()
    await expect(page.locator("h1")).to_contain_text(f"Light {language}")
    await page.wait_for_load_state("networkidle")
    await context.close()
    for name in ("pico.min.css", "polity.css", "answer.css", "draft.js", "letter.js"):
        assert any(re.search(rf"/{name}$", path) for path in fetched), name
    assert sum(loaded) <= LARGEST_BYTES


async def test_the_line_is_as_poor_as_it_says() -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readexactly(40_000))
        await writer.drain()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    loop = asyncio.get_running_loop()
    async with poor_line(server.sockets[0].getsockname()[1]) as line:
        reader, writer = await asyncio.open_connection("127.0.0.1", line.port)
        began = loop.time()
        writer.write(bytes(40_000))
        assert len(await reader.readexactly(40_000)) == 40_000
        # 0.8 s each way at 400 kbit/s: a line that didn't slow anything would be through at once.
        assert loop.time() - began > 1.5
        assert (line.up.passed_bytes, line.down.passed_bytes) == (40_000, 40_000)
        line.cut()
        for _ in range(2):
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                await reader.readexactly(1)
            reader, writer = await asyncio.open_connection("127.0.0.1", line.port)
    server.close()
