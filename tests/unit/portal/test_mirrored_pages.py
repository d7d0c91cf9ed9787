"""Pages in a real browser: from right to left where the language is, and within the screen in every language."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, Route
from polity_portal.i18n.languages import LANGUAGES

pytestmark = pytest.mark.browser

CAMPAIGN = "campaigns/0199a000-0000-7000-8000-000000000002"
NETWORK = "networks/0199a000-0000-7000-8000-000000000001"
ANSWER = "answer/k1.AZmgAAAAcACAAAAAAAAAAw.1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
TRANSFORMS = "all => all.map(one => getComputedStyle(one).transform)"
LEFT_EDGE = "element => Math.round(element.getBoundingClientRect().left)"


@pytest_asyncio.fixture
async def page(chromium: Browser, visitor: httpx.AsyncClient) -> AsyncIterator[Page]:
    """A page whose requests the application answers without a network between."""

    async def answered(route: Route) -> None:
        got = await visitor.get(route.request.url, headers={"Accept-Encoding": "identity"})
        await route.fulfill(status=got.status_code, headers=dict(got.headers), body=got.content)

    opened = await chromium.new_page()
    await opened.route("**/*", answered)
    yield opened
    await opened.close()


async def left(page: Page, selector: str, nth: int = 0) -> int:
    """Where the element begins, in pixels from the left."""
    return int(await page.locator(selector).nth(nth).evaluate(LEFT_EDGE))


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("code", LANGUAGES)
async def test_nothing_leaves_the_screen(page: Page, canned: Any, answer: Any, code: str, width: int) -> None:
    canned.answers["GET /v1/answer"] = answer("interested")
    await page.set_viewport_size({"width": width, "height": 800})
    for path in ("", CAMPAIGN, f"{CAMPAIGN}?region=155&as_of=2026-07-19", NETWORK, ANSWER):
        await page.goto(f"http://localhost:8080/{code}/{path}")
        assert await page.evaluate("document.documentElement.scrollWidth") <= width, path


@pytest.mark.parametrize(("code", "mirrored"), [("en", False), ("ar", True)])
async def test_order_bars_and_curves_follow_the_writing(page: Page, code: str, mirrored: bool) -> None:
    await page.set_viewport_size({"width": 1280, "height": 800})
    await page.goto(f"http://localhost:8080/{code}/{CAMPAIGN}")
    assert (await left(page, ".milestones li") > await left(page, ".milestones li", 1)) is mirrored
    assert (await left(page, ".wordmark") > await left(page, ".languages")) is mirrored
    assert (await left(page, ".y-top") > await left(page, ".plot svg")) is mirrored
    assert (await left(page, ".x-first") > await left(page, ".x-last")) is mirrored
    drawn = await page.locator(".plot svg, svg.bar").evaluate_all(TRANSFORMS)
    assert set(drawn) == {"matrix(-1, 0, 0, 1, 0, 0)" if mirrored else "none"}


@pytest.mark.parametrize("code", ["en", "ar"])
@pytest.mark.parametrize("width", [390, 1280])
async def test_the_world_is_drawn_and_never_mirrored(page: Page, code: str, width: int) -> None:
    await page.set_viewport_size({"width": width, "height": 800})
    await page.goto(f"http://localhost:8080/{code}/{CAMPAIGN}")
    land = "document.querySelector('.world use').getBBox().width"
    await page.wait_for_function(f"{land} > 900")
    west, east = [await left(page, f'.world circle:has-text("{name}")') for name in ("Córdoba", "광주")]
    assert west < east
    drawn = await page.locator(".world svg").bounding_box()
    assert drawn
    assert drawn["width"] > width * 0.4


@pytest.mark.parametrize(("entered", "direction"), [("Ana (1)", "ltr"), ("عمدة (1)", "rtl")])
async def test_a_field_takes_the_direction_of_what_is_entered_and_stays_clear_of_its_mark(
    page: Page, canned: Any, answer: Any, entered: str, direction: str
) -> None:
    canned.answers["GET /v1/answer"] = answer("interested")
    await page.goto(f"http://localhost:8080/ar/{ANSWER}")
    field = page.locator("#signatory_name")
    await field.fill(entered)
    assert await field.evaluate("field => getComputedStyle(field).direction") == direction
    assert await field.evaluate("field => getComputedStyle(field).textAlign") == "right"
