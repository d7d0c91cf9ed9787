#!/usr/bin/env python3
"""Times what somebody new goes through: git clone, `./dev up`, and the first page with the demonstration on it.

    python3 deploy/local/first_run.py [--from URL] [--warm] [--json]

Needs python3 >= 3.11 (venv, pip) and git, nothing else. It clones into a temporary folder, on ports of its own, with an
empty cache (--warm: with the present one), and takes all of it away again, also after Ctrl-C.
"""

import argparse
import contextlib
import json
import os
import platform
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

HERE = Path(__file__).resolve().parents[2]
CACHES = ("POLITY_CACHE", "PIP_CACHE_DIR", "UV_CACHE_DIR")
PORTS = 45
LOOK_SECONDS = 0.1
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Failed(Exception):
    """Its text says which step failed, with the step's last words."""


class Watch:
    """Notes how long each step took, in seconds."""

    def __init__(self) -> None:
        self.steps: list[tuple[str, float]] = []
        self._last = time.monotonic()

    def note(self, step: str) -> None:
        """Ends a step: what passed since the one before was its time."""
        now = time.monotonic()
        self.steps.append((step, now - self._last))
        self._last = now
        sys.stderr.write(f"{step}: {self.steps[-1][1]:.1f} s\n")


def main() -> int:
    """Returns 0 once the first page was seen, 1 with the reason when a step failed, 130 after Ctrl-C."""
    parser = argparse.ArgumentParser(description="Time the first run, from git clone to the first page.")
    parser.add_argument("--from", dest="source", default=HERE.as_uri(), help="what to clone (default: this clone)")
    parser.add_argument("--warm", action="store_true", help="use the present cache, as a second clone would")
    parser.add_argument("--json", action="store_true", help="print JSON in place of the table")
    options = parser.parse_args()
    try:
        with clone_folder() as folder:
            watch = first_run(options.source, folder, warm=options.warm)
    except Failed as failed:
        sys.stderr.write(f"{failed}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("Stopped, and everything taken away.\n")
        return 130
    told = {
        "cache": "warm" if options.warm else "empty",
        "machine": machine(),
        "seconds": {step: round(seconds, 1) for step, seconds in watch.steps},
        "total_seconds": round(sum(seconds for _, seconds in watch.steps), 1),
    }
    sys.stdout.write(f"{json.dumps(told, indent=1)}\n" if options.json else table(told))
    return 0


@contextlib.contextmanager
def clone_folder() -> Iterator[Path]:
    """Yields an empty folder; whatever runs in it at the end is stopped, and all of it is removed."""

    def interrupt(_number: int, _frame: object) -> None:
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    for number in SIGNALS:
        signal.signal(number, interrupt)
    folder = Path(tempfile.mkdtemp(prefix="polity-first-run-"))
    try:
        yield folder
    finally:
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        if (folder / "polity" / ".venv").exists():
            subprocess.run(("./dev", "reset", "--yes"), cwd=folder / "polity", capture_output=True, check=False)
        shutil.rmtree(folder, ignore_errors=True)


def first_run(source: str, folder: Path, *, warm: bool) -> Watch:
    """Goes through all steps; returns their times. Raises Failed."""
    port, cache = free_ports(), folder / "cache"
    variables = {**os.environ, "POLITY_PORT_BASE": str(port)}
    if not warm:
        variables = {k: v for k, v in variables.items() if k not in CACHES} | {"XDG_CACHE_HOME": str(cache)}
    variables.pop("POLITY_STATE", None)
    clone, watch = folder / "polity", Watch()
    run(("git", "clone", "--quiet", source, str(clone)), folder, variables)
    watch.note("git clone")
    run(("./dev", "help"), clone, variables)
    watch.note("tools and Python packages")
    start(clone, cache / "polity", variables, watch)
    see(f"http://localhost:{port}/en/")
    watch.note("first page, at 97 of 100")
    return watch


def start(clone: Path, cache: Path, variables: dict[str, str], watch: Watch) -> None:
    """Runs `./dev up --detach` and notes its stages as they are seen. Raises Failed."""
    up = subprocess.Popen(
        ("./dev", "up", "--detach"),
        cwd=clone,
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    ended = threading.Event()
    seen = threading.Thread(target=_watch_keycloak, args=(cache, watch, ended), daemon=True)
    seen.start()
    lines = []
    try:
        assert up.stdout is not None
        for line in up.stdout:
            lines.append(line)
            if line.startswith("Loading the demonstration"):
                ended.set()
                seen.join()
                watch.note("all parts started")
            elif line.startswith("The demonstration was not loaded"):
                raise Failed(line.strip())
            elif line.startswith("Everything is healthy"):
                watch.note("demonstration loaded")
        if up.wait():
            raise Failed(f"./dev up failed:\n{''.join(lines[-8:])}")
    finally:
        ended.set()
        with contextlib.suppress(ProcessLookupError):
            up.terminate()
        up.wait()


def _watch_keycloak(cache: Path, watch: Watch, ended: threading.Event) -> None:
    """Notes when Keycloak, the largest part, was there and when it was built, where an empty cache needs both."""
    stages = [("downloads", "keycloak-*.draft"), ("build of Keycloak", "keycloak-*/manifest.json")]
    while stages and not ended.wait(LOOK_SECONDS):
        if next(iter(cache.glob(stages[0][1])), None):
            watch.note(stages.pop(0)[0])


def run(command: tuple[str, ...], folder: Path, variables: dict[str, str]) -> None:
    """Runs one step to its end; raises Failed with its last words."""
    done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failed(f"{' '.join(command)} failed:\n{(done.stdout + done.stderr)[-2000:]}")


def see(address: str, seconds: float = 120) -> None:
    """Waits until the page shows the demonstration's figures; raises Failed."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), urllib.request.urlopen(address, timeout=10) as page:  # noqa: S310
            if re.search(r"\b97\s+of 100\b", re.sub(r"<[^>]*>", " ", page.read().decode())):
                return
        time.sleep(LOOK_SECONDS)
    raise Failed(f"{address} did not show the demonstration.")


def free_ports() -> int:
    """Returns the first of a run of ports on which nothing listens."""
    while True:
        first = random.randrange(15000, 31000)  # noqa: S311
        with contextlib.suppress(OSError), contextlib.ExitStack() as held:
            for port in range(first, first + PORTS):
                held.enter_context(socket.socket()).bind(("127.0.0.1", port))
            return first


def machine() -> str:
    """Returns what the times depend on: processors, memory, system and Python."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    model = "processors"
    with contextlib.suppress(OSError, IndexError):
        told = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
        model = f"× {told[0].partition(':')[2].strip()}"
    return (
        f"{os.cpu_count()} {model}, {memory:.0f} GiB, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}"
    )


def table(told: Mapping[str, object]) -> str:
    """Returns the times as lines for a person."""
    seconds = told["seconds"]
    assert isinstance(seconds, dict)
    rows = [*seconds.items(), ("together", told["total_seconds"])]
    lines = [f"{step:<28}{value:>8} s" for step, value in rows]
    return "\n".join([f"From git clone, cache {told['cache']}, on {told['machine']}:", "", *lines, ""])


if __name__ == "__main__":
    sys.exit(main())
