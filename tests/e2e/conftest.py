"""What the browser tests share: one browser for the run, one network to play on, one sign-in for each language."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from playwright.async_api import Browser, async_playwright
from polity_local.commands.checks import browser as installed_browser
from polity_local.platform import Platform
from polity_local.testing import SmtpSink

sys.path.insert(0, str(Path(__file__).parent))

from stage import Stage, set_stage


@pytest_asyncio.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    path = installed_browser()
    assert path is not None
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=Path(path))
        yield started
        await started.close()


@pytest_asyncio.fixture(scope="session")
async def stage(platform: Platform, mails: SmtpSink) -> Stage:
    return await set_stage(platform, mails)
