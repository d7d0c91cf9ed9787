"""The whole demonstration as ./dev up loads it: the network, its register, and a campaign at 97 of 100."""

from typing import Protocol

import httpx
from polity_chassis.clock import utc_now

from polity_local.demo.answers import answer_to_97
from polity_local.demo.letterboxes import Letterbox
from polity_local.demo.load import Demo, Loader
from polity_local.demo.places import places_csv


class Shown(Protocol):
    """A running platform whose mails are caught and shown."""

    @property
    def url(self) -> str: ...
    @property
    def internal_url(self) -> str: ...
    @property
    def mail_url(self) -> str: ...
    @property
    def demo_password(self) -> str: ...
    def grant_operator(self, name: str, mail: str) -> str:
        """Returns the mandate link of a new operator."""
        ...


async def load_whole(platform: Shown, letterbox: type[Letterbox] = Letterbox) -> Demo:
    """Loads it, or goes on where an earlier load stopped. Raises Refused, TimeoutError."""
    today = utc_now().date()
    async with (
        httpx.AsyncClient(base_url=platform.internal_url, timeout=60) as http,
        httpx.AsyncClient(base_url=platform.mail_url, timeout=30) as catcher,
    ):
        loader = Loader(http, platform.url, platform.demo_password, platform.grant_operator, "demo")
        demo = await loader.load(today, places_csv())
        await loader.join_members(demo)
        await answer_to_97(loader, demo, letterbox(catcher), today)
    return demo
