"""`./dev demo load` loads the demonstration into `./dev up`; `./dev demo --cities N` lets cities answer at once."""

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence

import httpx

from polity_local.demo.client import Refused
from polity_local.demo.story import run_cities
from polity_local.demo.whole import load_whole
from polity_local.errors import CommandError
from polity_local.running.instance import up_instance
from polity_local.running.platform import Platform, start_platform
from polity_local.running.stack import Stack
from polity_local.testing.parts import running_smtp_sink


def main(argv: Sequence[str]) -> int:
    """Returns the exit status: 1 when something was lost or doubled, or when nothing could be loaded."""
    parser = argparse.ArgumentParser(prog="./dev demo", description=__doc__)
    parser.add_argument("action", nargs="?", choices=("load",), help="load the demonstration into ./dev up")
    parser.add_argument("--cities", type=int, default=1000, help="how many invented cities answer (1 to 5000)")
    parser.add_argument("--concurrency", type=int, default=50, help="how many of them at the same time")
    parser.add_argument("--json", action="store_true", help="print the outcome as JSON")
    asked = parser.parse_args(argv)
    try:
        if asked.action == "load":
            return asyncio.run(_load())
        return _cities(asked.cities, asked.concurrency, asked.json)
    except (Refused, CommandError, httpx.HTTPError, TimeoutError) as error:
        sys.stderr.write(f"{error}\n")
        return 1


async def _load() -> int:
    instance = up_instance()
    platform = Platform(instance, Stack(instance))
    demo = await load_whole(platform)
    sys.stdout.write(f"Loaded: {platform.url}/en/campaigns/{demo.campaign_id}\n")
    return 0


def _cities(cities: int, concurrency: int, as_json: bool) -> int:
    """Uses a platform of its own, because its mails must be counted and ./dev up only shows them."""
    _tell(f"Starting a platform of its own, apart from ./dev up; then {cities} invented cities answer …")
    with running_smtp_sink() as sink, start_platform(overrides={"POLITY_SMTP_PORT": str(sink.port)}) as platform:
        _tell("It is healthy. Importing, inviting, waiting for every mail, answering …")
        outcome = asyncio.run(
            run_cities(
                platform, sink.messages, cities, lambda callers, tokens: callers.all_at_once(tokens, concurrency)
            )
        )
    lines = [json.dumps(outcome, indent=2)] if as_json else [f"{name}: {value}" for name, value in outcome.items()]
    sys.stdout.write("\n".join(lines) + "\n")
    return 1 if outcome["lost"] or outcome["doubled"] else 0


def _tell(sentence: str) -> None:
    """Says how far it is, beside the outcome."""
    sys.stderr.write(f"{sentence}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
