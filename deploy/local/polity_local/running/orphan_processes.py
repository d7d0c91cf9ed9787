"""Ends what outlived a killed run: only processes whose id that run wrote down and whose environment names it."""

import contextlib
import os
import signal
import time
from pathlib import Path

from polity_local.running.instance import Instance

MARK = "POLITY_RUNS_IN"
"""The environment variable by which a process shows to which instance it belongs."""

GRACE_SECONDS = 10


def recorded(instance: Instance) -> dict[str, int]:
    """Returns the processes of this instance that live although no supervisord answers: name and id."""
    folders = {instance.run_folder(None), instance.run_folder(instance.postgres_user)}
    files = {path for folder in folders if folder.exists() for path in folder.glob("*.pid")}
    found = {path.stem: _number(path) for path in files}
    return {name: pid for name, pid in found.items() if pid and _is_ours(pid, instance)}


def end(instance: Instance) -> list[str]:
    """Ends them, politely first, and returns their names; PostgreSQL is asked for a fast shutdown.

    A supervisord among them goes first, or it would start again what is ended.
    """
    left = recorded(instance)
    if daemon := left.pop("supervisord", None):
        _send(daemon, signal.SIGKILL, group=False)
    for name, pid in left.items():
        _send(pid, signal.SIGINT if name == "postgres" else signal.SIGTERM, group=name != "postgres")
    deadline = time.monotonic() + GRACE_SECONDS
    while any(_is_ours(pid, instance) for pid in left.values()) and time.monotonic() < deadline:
        time.sleep(0.05)
    for pid in left.values():
        if _is_ours(pid, instance):
            _send(pid, signal.SIGKILL, group=True)
    while any(_is_ours(pid, instance) for pid in left.values()):
        time.sleep(0.05)
    return sorted(left)


def _number(path: Path) -> int | None:
    with contextlib.suppress(OSError, ValueError):
        return int(path.read_text())
    return None


def _is_ours(pid: int, instance: Instance) -> bool:
    try:
        variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return f"{MARK}={instance.state}".encode() in variables and state != "Z"


def _send(pid: int, number: signal.Signals, *, group: bool) -> None:
    with contextlib.suppress(ProcessLookupError):
        if group and os.getpgid(pid) == pid:
            os.killpg(pid, number)
        else:
            os.kill(pid, number)
