"""What the supervisor needs to know of one program, and how to see that it is well."""

import dataclasses
import http.client
import subprocess
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path

from polity_local.trouble import Trouble


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


def run_step(what: str, command: tuple[str, ...], log: Path, **options: object) -> None:
    """Runs a command to its end with its output in `log`; raises Trouble when it fails."""
    with log.open("ab") as output:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, check=False, **options
        )  # type: ignore[call-overload]
    if done.returncode:
        raise Trouble(f"{what} failed (status {done.returncode}): its reason is at the end of {log}.")
