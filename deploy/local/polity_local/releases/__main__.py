"""`./dev freeze VERSION` keeps what a release's data looks like, so that later ones are tested on taking it over.

It starts a platform of its own, tells a small story through the public API, asks the API about it, and writes
databases, topics and files to tests/fixtures/releases/VERSION. Run it at the commit of the release.
"""

import argparse
import asyncio
import contextlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
from polity_chassis.clock import utc_now

from polity_local.releases.asked import ask
from polity_local.releases.frozen import freeze
from polity_local.releases.story import Story
from polity_local.running.instance import REPOSITORY, up_instance
from polity_local.running.platform import Platform, start_platform
from polity_local.running.stack import Stack

RELEASES = REPOSITORY / "tests" / "fixtures" / "releases"


def main(argv: Sequence[str]) -> int:
    """Returns 0 once it is written."""
    parser = argparse.ArgumentParser(prog="./dev freeze", description=__doc__)
    parser.add_argument("version", help="of the release, as 0.2.0")
    parser.add_argument("--running", action="store_true", help="tell the story to ./dev up, whose data must be new")
    asked = parser.parse_args(argv)
    folder = RELEASES / asked.version
    folder.mkdir(parents=True, exist_ok=True)
    with _platform(running=asked.running) as platform:
        asyncio.run(_freeze(platform, folder))
    sys.stdout.write(f"Frozen: {folder}\n")
    return 0


@contextlib.contextmanager
def _platform(*, running: bool) -> Iterator[Platform]:
    if running:
        instance = up_instance()
        yield Platform(instance, Stack(instance))
    else:
        with start_platform() as platform:
            yield platform


async def _freeze(platform: Platform, folder: Path) -> None:
    async with (
        httpx.AsyncClient(base_url=platform.internal_url, timeout=60) as http,
        httpx.AsyncClient(base_url=platform.mail_url, timeout=30) as catcher,
    ):
        told = await Story(platform, http, catcher).tell()
        frozen_at = utc_now()
        manifest: dict[str, Any] = {"frozen_at": frozen_at.isoformat(), "ids": told.ids, "links": told.links}
        await freeze(platform, folder, manifest, await ask(platform, http, told.ids, told.links))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
