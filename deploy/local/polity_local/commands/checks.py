"""./dev test, faults, bench, demo and lint: each runs its tools in turn and returns the first status that is not 0."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from polity_local.place import REPOSITORY
from polity_local.trouble import Trouble

PACKAGES = (
    "contracts/polity_contracts",
    "chassis/polity_chassis",
    "deploy/local/polity_local",
    *(f"services/{name}/polity_{name}" for name in ("membership", "events", "notifications", "reporting", "portal")),
)


def test(arguments: Sequence[str]) -> int:
    """Runs the tests but the full set of faults; without a browser its tests are left out, or refused if required."""
    left_out = ["faults"]
    if browser() is None:
        if os.environ.get("POLITY_REQUIRE_BROWSER"):
            raise Trouble("The tests need a browser: apt-get install chromium.")
        sys.stdout.write("No chromium here: the browser tests are left out (apt-get install chromium).\n")
        sys.stdout.flush()
        left_out.append("browser")
    return _pytest("-m", " and ".join(f"not {marker}" for marker in left_out), *arguments)


def faults(arguments: Sequence[str]) -> int:
    """Runs the full set of faults."""
    return _pytest("tests/faults", *arguments)


def bench(arguments: Sequence[str]) -> int:
    """Runs the benchmarks."""
    return _run(sys.executable, "tests/bench", *arguments)


def demo(arguments: Sequence[str]) -> int:
    """Runs the demonstration's own command."""
    return _run(sys.executable, "-m", "polity_local.demo", *arguments)


def contracts(arguments: Sequence[str]) -> int:
    """Writes the schemas and the AsyncAPI document anew; refuses a breaking difference."""
    return _run(sys.executable, "-m", "polity_contracts", "generate", *arguments)


def lint(_arguments: Sequence[str]) -> int:
    """Checks style, types, the walls between packages and the contracts; runs all of them, whatever fails first."""
    steps = {
        "style": ("ruff", "check", "."),
        "format": ("ruff", "format", "--check", "."),
        "types": ("mypy", *(package for package in PACKAGES if (REPOSITORY / package).exists())),
        "walls": ("lint-imports",),
        "contracts": (sys.executable, "-m", "polity_contracts", "check"),
    }
    failed = [name for name, command in steps.items() if not _clean(name, command)]
    if failed:
        raise Trouble(f"To be put right: {', '.join(failed)}.")
    return 0


def _clean(name: str, command: tuple[str, ...]) -> bool:
    """Runs one check and prints its words only when it has found something."""
    program, *arguments = command
    found = Path(sys.executable).parent / program
    done = subprocess.run((found, *arguments), cwd=REPOSITORY, capture_output=True, text=True, check=False)
    sys.stdout.write(f"{done.stdout}{done.stderr}\n" if done.returncode else f"{name}: clean\n")
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
