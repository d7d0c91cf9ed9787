"""The letter on A4: one sheet in every language, whole, whether it was filled in before or is by hand."""

import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser
from polity_chassis.web.headers import LANGUAGES
from stage import Stage

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

LONGEST = " ".join(["Wilhelmina-Alexandra"] * 9) + " Ñusta Mañé"
"""Two hundred letters: what a name may have."""
BETWEEN_THE_MARGINS = {"width": 643, "height": 972}
"""Pixels of A4 within the margins that the style sets."""

CUT = """() => [...document.querySelectorAll('article.letter, article.letter *')]
  .filter(e => e.checkVisibility() && getComputedStyle(e).display !== 'inline')
  .filter(e => e.scrollWidth > e.clientWidth + 1 && e.clientWidth || e.getBoundingClientRect().right > innerWidth + 1)
  .map(e => e.outerHTML.slice(0, 120))"""


@pytest_asyncio.fixture(scope="module")
async def link(stage: Stage) -> AsyncIterator[str]:
    """The link of a city whose form is filled in with the longest name."""
    link = await stage.city("Printed", "en")
    headers = {"Authorization": f"Link {link.rpartition('/')[2]}"}
    filled = {"signatory_name": LONGEST, "signatory_office": "Mayor", "signed_on": "2026-01-31"}
    async with httpx.AsyncClient(base_url=stage.platform.url, timeout=30) as http:
        (await http.put("/v1/answer/draft", json=filled, headers=headers)).raise_for_status()
    yield link


def sheets(pdf: bytes) -> int:
    return len(re.findall(rb"/Type\s*/Page\b(?!s)", pdf))


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_letter_fits_one_sheet_and_nothing_is_cut(
    chromium: Browser, stage: Stage, link: str, language: str
) -> None:
    context = await chromium.new_context(viewport=BETWEEN_THE_MARGINS)  # type: ignore[arg-type]
    page = await context.new_page()
    await page.goto(f"{stage.platform.url}/{language}/answer/{link.rpartition('/')[2]}/letter")
    assert sheets(await page.pdf(prefer_css_page_size=True)) == 1
    await page.emulate_media(media="print")
    assert await page.evaluate(CUT) == []
    assert await page.inner_text('[data-written="signatory_name"]') == LONGEST
    shown = await page.inner_text("body")
    assert "2026" in await page.inner_text('[data-written="signed_on"]')
    for selector in ("#print", "form[data-upload]", "nav", "#answer button", "select", "input[type=text]"):
        assert not await page.locator(selector).first.is_visible(), selector
    assert "Printed" in shown
    await context.close()


async def test_what_is_cut_would_be_seen(chromium: Browser) -> None:
    page: Any = await chromium.new_page(viewport=BETWEEN_THE_MARGINS)
    await page.set_content('<article class="letter"><p style="inline-size: 50px">Incomprehensibilities</p></article>')
    assert len(await page.evaluate(CUT)) == 1
    await page.close()


async def test_without_scripts_empty_fields_are_lines_to_write_on(chromium: Browser, stage: Stage, link: str) -> None:
    context = await chromium.new_context(viewport=BETWEEN_THE_MARGINS, java_script_enabled=False)  # type: ignore[arg-type]
    page = await context.new_page()
    await page.goto(f"{stage.platform.url}/en/answer/{link.rpartition('/')[2]}/letter")
    await page.emulate_media(media="print")
    theme, office = page.locator("#theme_1"), page.locator("#signatory_office")
    assert await office.is_visible()
    assert await theme.is_visible()
    assert await theme.evaluate("e => getComputedStyle(e).color") == "rgba(0, 0, 0, 0)"
    assert await office.evaluate("e => getComputedStyle(e).borderBottomStyle") == "solid"
    await context.close()
