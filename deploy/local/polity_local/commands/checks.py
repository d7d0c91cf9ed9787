"""Commands that run tools in turn and return the first status that is not 0, such as ./dev test and ./dev lint."""

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from polity_chassis.clock import AHEAD, utc_now

from polity_local.errors import CommandError
from polity_local.running.instance import REPOSITORY

PACKAGES = (
    "contracts/polity_contracts",
    "chassis/polity_chassis",
    "deploy/local/polity_local",
    "tools",
    *(f"services/{name}/polity_{name}" for name in ("membership", "events", "notifications", "reporting", "portal")),
)


def test(arguments: Sequence[str]) -> int:
    """Runs the tests but the full set of faults; without a browser its tests are left out, or refused if required."""
    parser = argparse.ArgumentParser(
        prog="./dev test", description=test.__doc__, epilog="Other arguments go to pytest.", allow_abbrev=False
    )
    parser.add_argument("--at", type=_instant, help="set the clock of the tests and services: 2026-12-31T23:30Z")
    parser.add_argument("--repeat", type=int, metavar="N", help="run each chosen test N times")
    parser.add_argument("--busy", type=int, default=0, metavar="N", help="keep N processor cores busy meanwhile")
    asked, others = parser.parse_known_args(arguments)
    if asked.at:
        os.environ["POLITY_CLOCK_AHEAD_SECONDS"] = str((asked.at - utc_now() + AHEAD).total_seconds())
    left_out = ["faults"]
    if browser() is None:
        if os.environ.get("POLITY_REQUIRE_BROWSER"):
            raise CommandError("The tests need a browser: apt-get install chromium.")
        sys.stdout.write("No chromium here: the browser tests are left out (apt-get install chromium).\n")
        sys.stdout.flush()
        left_out.append("browser")
    repeated = ("--count", str(asked.repeat)) if asked.repeat else ()
    with _busy(asked.busy):
        return _pytest("-m", " and ".join(f"not {marker}" for marker in left_out), *repeated, *others)


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise argparse.ArgumentTypeError("write the offset from UTC too, such as 2026-12-31T23:30Z")
    return instant


@contextlib.contextmanager
def _busy(cores: int) -> Iterator[None]:
    """Keeps processor cores busy, as other work on the machine would."""
    with contextlib.ExitStack() as run:
        for _ in range(cores):
            # The least clever loop holds a core best.
            process = run.enter_context(subprocess.Popen((sys.executable, "-c", "while True: pass")))
            run.callback(process.kill)
        yield


def journeys(arguments: Sequence[str]) -> int:
    """Runs the journeys through the pages, which ./dev test makes for three readers, alone."""
    parser = argparse.ArgumentParser(
        prog="./dev journeys", description=journeys.__doc__, epilog="Other arguments go to pytest.", allow_abbrev=False
    )
    parser.add_argument("--all", action="store_true", help="for each of three languages at each of two widths")
    asked, others = parser.parse_known_args(arguments)
    if asked.all:
        os.environ["POLITY_EVERY_READER"] = "1"
    return _pytest("-m", "browser", "tests/e2e", *others)


FAULTS = (
    "tests/faults",
    # A peer that stops reading, clocks apart, a pause of six days, four hundred subscriptions: without a platform.
    "tests/integration/chassis/messaging/publishing/test_relay_failures.py",
    "tests/integration/chassis/authorization/test_access_rules.py::"
    "test_a_copy_of_mandates_that_is_too_old_by_the_databases_clock_decides_no_write",
    "tests/integration/notifications/test_mail_leases.py",
    "tests/integration/notifications/webhooks/test_webhook_leases.py",
    "tests/integration/notifications/webhooks/test_webhooks_failing.py",
    "tests/integration/notifications/webhooks/test_webhooks_wanted.py",
)


def faults(arguments: Sequence[str]) -> int:
    """Runs the full set of faults."""
    return _pytest(*FAULTS, *arguments)


def bench(arguments: Sequence[str]) -> int:
    """Runs the benchmarks."""
    return _run(sys.executable, "tests/bench", *arguments)


def freeze(arguments: Sequence[str]) -> int:
    """Keeps what a release's data looks like."""
    return _run(sys.executable, "-m", "polity_local.releases", *arguments)


def demo(arguments: Sequence[str]) -> int:
    """Runs the demonstration's own command."""
    return _run(sys.executable, "-m", "polity_local.demo", *arguments)


def contracts(arguments: Sequence[str]) -> int:
    """Writes the schemas and the AsyncAPI document anew; refuses a breaking difference."""
    return _run(sys.executable, "-m", "polity_contracts", "generate", *arguments)


def lint(_arguments: Sequence[str]) -> int:
    """Checks style, types, walls between packages, words, the contracts and the OpenAPI document; runs all of them."""
    steps = {
        "style": ("ruff", "check", "."),
        "format": ("ruff", "format", "--check", "."),
        "types": ("mypy", *(package for package in PACKAGES if (REPOSITORY / package).exists())),
        "walls": ("lint-imports",),
        "words": (sys.executable, "tools/vocabulary.py", "--check"),
        "contracts": (sys.executable, "-m", "polity_contracts", "check"),
        "openapi": (sys.executable, "-m", "polity_local.openapi", "--check"),
        "openapi rules": (sys.executable, "-m", "polity_local.openapi.rules"),
    }
    failed = [name for name, command in steps.items() if not _clean(name, command)]
    if failed:
        raise CommandError(f"To be put right: {', '.join(failed)}.")
    return 0


def _clean(name: str, command: tuple[str, ...]) -> bool:
    """Runs one check and prints its words only when it has found something, or was left out."""
    program, *arguments = command
    found = Path(sys.executable).parent / program
    done = subprocess.run((found, *arguments), cwd=REPOSITORY, capture_output=True, text=True, check=False)
    skipped = done.stdout.strip() if done.stdout.startswith("skipped") else ""
    sys.stdout.write(f"{done.stdout}{done.stderr}\n" if done.returncode else f"{name}: {skipped or 'clean'}\n")
    sys.stdout.flush()
    return done.returncode == 0


def browser() -> Path | None:
    """Returns the chromium that the browser tests use: POLITY_CHROMIUM, or the machine's own."""
    if named := os.environ.get("POLITY_CHROMIUM"):
        return Path(named)
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    return Path(found) if found else None


def _pytest(*arguments: str) -> int:
    return _run(sys.executable, "-m", "pytest", *arguments)


def _run(*command: str) -> int:
    return subprocess.run(command, cwd=REPOSITORY, check=False).returncode
