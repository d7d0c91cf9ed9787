"""Where a command keeps its temporary files: in the repository, because /tmp belongs to whoever came first."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from polity_local.running.instance import REPOSITORY

FOLDER = REPOSITORY / ".local" / "tmp"


@contextlib.contextmanager
def own_folder() -> Iterator[None]:
    """Gives this process, and what it starts, a TMPDIR of its own; removes it at the end, and those of killed ones."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for left in FOLDER.iterdir():
        if not Path("/proc", left.name).exists():
            shutil.rmtree(left, ignore_errors=True)
    own = FOLDER / str(os.getpid())
    own.mkdir(mode=0o700)
    before = os.environ.get("TMPDIR")
    os.environ["TMPDIR"] = str(own)
    try:
        yield
    finally:
        os.environ.pop("TMPDIR")
        if before:
            os.environ["TMPDIR"] = before
        shutil.rmtree(own, ignore_errors=True)


@contextlib.contextmanager
def short_name(folder: Path) -> Iterator[str]:
    """Yields a short name of the folder, good for all processes of this user for as long as it is held.

    The path of a Unix socket has at most 107 bytes.
    """
    held = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/{os.getpid()}/fd/{held}"
    finally:
        os.close(held)
