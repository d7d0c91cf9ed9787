"""What the supervisor needs to know of one program, and how to see that it is well."""

import dataclasses
import http.client
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from polity_local.errors import CommandError


def nothing() -> None:
    """The step that a program does not need."""


@dataclasses.dataclass(frozen=True)
class Program:
    """One supervised program.

    `prepare` runs at once, `before` when everything in `needs` is healthy, `after` once this one is healthy and before
    what needs it starts. `ports` are field names of Ports.
    """

    name: str
    command: tuple[str, ...]
    healthy: Callable[[], bool]
    environment: Mapping[str, str] = dataclasses.field(default_factory=dict)
    ports: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    prepare: Callable[[], None] = nothing
    before: Callable[[], None] = nothing
    after: Callable[[], None] = nothing
    user: str | None = None
    stop_signal: str = "TERM"


def answers(url: str, *, seconds: float = 2) -> bool:
    """Tells whether a GET of `url` answers with a status below 400 within `seconds`."""
    try:
        with urllib.request.urlopen(url, timeout=seconds):  # noqa: S310 - our own addresses
            return True
    except (OSError, http.client.HTTPException):
        return False


def serves(url: str, *, seconds: float = 2) -> bool:
    """Tells whether the service is ready, or waits for its relay or an operator, who come only once it is started."""
    try:
        with urllib.request.urlopen(f"{url}/health/ready", timeout=seconds):  # noqa: S310 - our own addresses
            return True
    except urllib.error.HTTPError as error:
        return error.code == 503 and b"published" in error.read()
    except (OSError, http.client.HTTPException):
        return False


_steps: set[subprocess.Popen[bytes]] = set()


def run_step(what: str, command: tuple[str, ...], log: Path, **options: Any) -> None:
    """Runs a command to its end with its output in `log`; raises CommandError when it fails."""
    with log.open("ab") as output:
        step = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, **options)
        _steps.add(step)
        status = step.wait()
        _steps.discard(step)
    if status:
        raise CommandError(f"{what} failed (status {status}): its reason is at the end of {log}.")


def end_steps() -> None:
    """Ends the commands that run_step still runs in other threads."""
    for step in list(_steps):
        step.kill()
