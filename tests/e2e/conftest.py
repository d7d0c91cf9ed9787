"""What the browser tests share: one browser for the run."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from playwright.async_api import Browser, async_playwright
from polity_local.commands.checks import browser as installed_browser

sys.path.insert(0, str(Path(__file__).parent))


@pytest_asyncio.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    path = installed_browser()
    assert path is not None
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=Path(path))
        yield started
        await started.close()
