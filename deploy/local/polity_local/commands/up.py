"""./dev up, down and reset: the platform for a person, its data in .local/up."""

import argparse
import contextlib
import fcntl
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from types import FrameType

from polity_local.commands.table import LOADED, addresses
from polity_local.errors import CommandError
from polity_local.running import orphan_processes
from polity_local.running.instance import Instance, keep_ports, up_instance
from polity_local.running.stack import Stack

LOOK_SECONDS = 0.5
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def up(arguments: Sequence[str]) -> int:
    """Starts everything and stays until Ctrl-C, or returns once all is healthy with --detach."""
    parser = argparse.ArgumentParser(prog="./dev up", description="Start the whole platform on this machine.")
    parser.add_argument("--detach", action="store_true", help="leave it running and return")
    detach = parser.parse_args(arguments).detach
    instance = up_instance()
    stack = Stack(instance, tell=_tell)
    with _alone(instance):
        if stack.supervisor.running():
            _tell(f"It is running already.\n\n{addresses(instance)}")
            return 0
        stack.make_room()
        keep_ports(instance)
        _stop_on_signals()
        began = time.monotonic()
        try:
            stack.start()
            _load_demo(instance)
            _tell(f"\nEverything is healthy after {time.monotonic() - began:.0f} s.\n\n{addresses(instance)}")
            if detach:
                return 0
            _tell("\nCtrl-C stops everything; the data stays.")
            return _watch(stack)
        except BaseException:
            _stop(stack)
            raise


def down(_arguments: Sequence[str]) -> int:
    """Stops what runs, whoever started it; the data stays."""
    instance = up_instance()
    if not instance.state.exists():
        _tell("Nothing was started here yet.")
        return 0
    stack = Stack(instance)
    running = stack.supervisor.running()
    stack.stop()
    left = orphan_processes.end(instance)
    _tell("Stopped; the data stays." if running or left else "Nothing was running.")
    return 0


def reset(arguments: Sequence[str]) -> int:
    """Stops what runs and removes all data of ./dev up, once the person has agreed."""
    parser = argparse.ArgumentParser(prog="./dev reset", description="Remove all data of ./dev up.")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    instance = up_instance()
    if not parser.parse_args(arguments).yes:
        _tell(f"This removes all databases, topics, users, mails and logs in {instance.state}.")
        if not sys.stdin.isatty():
            raise CommandError("Nothing was removed: say ./dev reset --yes where nobody can be asked.")
        if input("Remove them? [y/N] ").strip().lower() not in ("y", "yes"):
            raise CommandError("Nothing was removed.")
    if instance.state.exists():
        down([])
        instance.erase()
    _tell("Removed: the next ./dev up begins anew.")
    return 0


def _tell(sentence: str) -> None:
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()


@contextlib.contextmanager
def _alone(instance: Instance) -> Iterator[None]:
    """Holds the instance while this ./dev up starts or watches it; a second one only prints where everything is."""
    with (instance.state / "run" / "up.lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CommandError(
                f"Another ./dev up is at work here; it can be reached so:\n\n{addresses(instance)}"
            ) from None
        yield


def _stop_on_signals() -> None:
    """Lets Ctrl-C, a closed terminal and SIGTERM stop everything once: a second one must not cut the stopping short."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        for number in STOPPING:
            signal.signal(number, signal.SIG_IGN)
        _tell("\nStopping …")
        raise KeyboardInterrupt

    for number in STOPPING:
        signal.signal(number, interrupt)


def _stop(stack: Stack) -> None:
    for number in STOPPING:
        signal.signal(number, signal.SIG_IGN)
    if stack.supervisor.running():
        stack.stop()
    _tell("Stopped; the data stays.")


def _load_demo(instance: Instance) -> None:
    """Loads the demonstration the first time; a failed load is said and tried again at the next start."""
    stamp = instance.state / LOADED
    if stamp.exists():
        return
    log = instance.log("demo")
    _tell("Loading the demonstration …")
    with log.open("wb") as output:
        command = (sys.executable, "-m", "polity_local.demo", "load")
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=False)
    if done.returncode:
        _tell(f"The demonstration was not loaded: its reason is at the end of {log}.")
    else:
        stamp.write_text("present")


def _watch(stack: Stack) -> int:
    """Says what died and was started again, until somebody stops it or supervisord is gone."""
    known = _ids(stack)
    while True:
        time.sleep(LOOK_SECONDS)
        if not stack.supervisor.running():
            break
        now = _ids(stack)
        for name in now:
            if known[name] != now[name] and known[name]:
                _tell(f"{name} has ended and is started again: see {stack.instance.log(name)}.")
        known = now
    if ended := orphan_processes.end(stack.instance):
        raise CommandError(f"The supervisor was killed, so {', '.join(ended)} were ended too: run ./dev up again.")
    _tell("Stopped by another command.")
    return 0


def _ids(stack: Stack) -> dict[str, int]:
    return {name: int(entry["pid"]) for name, entry in stack.supervisor.programs().items()}
