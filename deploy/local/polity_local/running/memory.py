"""How much memory a program holds."""

import contextlib
import os
from pathlib import Path


def memory(pid: int) -> int:
    """Returns the bytes that a process and those it started hold, shared pages counted by their share."""
    if not pid:
        return 0
    members = [entry for entry in os.listdir("/proc") if entry.isdecimal() and _parent(entry) == pid]
    return sum(_proportional(number) for number in (str(pid), *members))


def _parent(number: str) -> int:
    with contextlib.suppress(OSError):
        return int(Path("/proc", number, "stat").read_text().rpartition(")")[2].split()[1])
    return 0


def _proportional(number: str) -> int:
    with contextlib.suppress(OSError):
        for line in Path("/proc", number, "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) << 10
    return 0
