"""What the browser tests share: one network to play on, one sign-in for each language."""

import sys
from pathlib import Path

import pytest_asyncio
from polity_local.running.platform import Platform
from polity_local.testing.parts import SmtpSink

sys.path.insert(0, str(Path(__file__).parent))

from stage import Stage, set_stage


@pytest_asyncio.fixture(scope="session")
async def stage(platform: Platform, mails: SmtpSink) -> Stage:
    return await set_stage(platform, mails)
