"""./dev status and logs."""

import argparse
import contextlib
import sys
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rich.console import Console
from rich.table import Table

from polity_local.errors import CommandError
from polity_local.running.instance import up_instance
from polity_local.running.memory import memory
from polity_local.running.stack import Stack

LAST_LINES = 200


def status(_arguments: Sequence[str]) -> int:
    """Prints every program with its health, memory and restarts; returns 1 unless all are healthy."""
    instance = up_instance()
    stack = Stack(instance) if instance.state.exists() else None
    if stack is None or not stack.supervisor.running():
        raise CommandError("Nothing is running here: ./dev up starts it.")
    states, restarts = stack.supervisor.programs(), stack.supervisor.restarts()
    with ThreadPoolExecutor(len(stack.programs)) as pool:
        answers = pool.map(lambda program: program.healthy(), stack.programs.values())
        health = dict(zip(stack.programs, answers, strict=True))
    table = Table(
        "program", "state", "health", "pid", "for", "restarts", "memory", "listens on", box=None, padding=(0, 2, 0, 0)
    )
    total = 0
    for name, program in stack.programs.items():
        state = states[name]
        held = memory(state["pid"])
        total += held
        ports = " ".join(str(getattr(instance.ports, port)) for port in program.ports)
        running = _span(state["now"] - state["start"]) if state["pid"] else ""
        well = "healthy" if health[name] else "NOT HEALTHY"
        again = str(max(restarts.get(name, 0), 0))
        pid = str(state["pid"] or "")
        table.add_row(name, state["statename"].lower(), well, pid, running, again, f"{held >> 20} MiB", ports)
    console = Console(width=None if sys.stdout.isatty() else 120)
    console.print(table)
    console.print(f"{total >> 20} MiB in all", highlight=False)
    return 0 if all(health.values()) else 1


def logs(arguments: Sequence[str]) -> int:
    """Prints the end of one program's log, and with -f what is added to it."""
    parser = argparse.ArgumentParser(prog="./dev logs", description="Show the log of one program.")
    parser.add_argument("name", nargs="?", help="its name, as ./dev status shows it")
    parser.add_argument("-f", "--follow", action="store_true", help="go on until Ctrl-C")
    asked = parser.parse_args(arguments)
    folder = up_instance().state / "log"
    known = sorted(path.stem for path in folder.glob("*.log"))
    if asked.name not in known:
        raise CommandError(
            f"Name one of these logs: {', '.join(known)}." if known else "There are no logs yet: run ./dev up."
        )
    with contextlib.suppress(BrokenPipeError):
        _print_log(folder / f"{asked.name}.log", follow=asked.follow)
    return 0


def _print_log(path: Path, *, follow: bool) -> None:
    with path.open(errors="replace") as handle:
        sys.stdout.writelines(deque(handle, LAST_LINES))
        while follow:
            sys.stdout.flush()
            time.sleep(0.2)
            sys.stdout.write(handle.read())


def _span(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"
