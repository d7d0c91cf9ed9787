"""What `./dev COMMAND` runs once the tools are there."""

import errno
import os
import sys
import traceback
from collections.abc import Callable, Sequence

from polity_local.commands import checks, compose, lock, look, up
from polity_local.errors import CommandError
from polity_local.running.instance import up_instance
from polity_local.running.temporary import own_folder

USAGE = """\
./dev up [--detach]        start everything, load the demonstration once, say where it is
./dev down                 stop everything; the data stays
./dev status               what runs, how it is, how often it was started again
./dev logs NAME [-f]       the log of one program, -f to follow it
./dev reset [--yes]        stop everything and remove all data of ./dev up
./dev demo [ARGUMENTS]     the demonstration: load it, or many cities at once (./dev demo --help)
./dev test [ARGUMENTS]     all tests but the full set of faults, --at an instant, --repeat N times (./dev test --help)
./dev journeys [--all]     the journeys through the pages alone, --all in each language at each width
./dev faults [ARGUMENTS]   the full set of faults
./dev freeze VERSION       keep this release's data for the tests of later ones (./dev freeze --help)
./dev bench [ARGUMENTS]    the benchmarks (./dev bench --help)
./dev lint                 style, types, walls between packages, words, contracts
./dev contracts            write the schemas and the AsyncAPI document anew from the contracts
./dev lock                 choose the versions of all dependencies anew
./dev compose-env          write .env: new secrets for docker compose
./dev compose-demo         load the demonstration into what docker compose runs
"""

COMMANDS: dict[str, Callable[[Sequence[str]], int]] = {
    "up": up.up,
    "down": up.down,
    "reset": up.reset,
    "status": look.status,
    "logs": look.logs,
    "demo": checks.demo,
    "test": checks.test,
    "journeys": checks.journeys,
    "faults": checks.faults,
    "freeze": checks.freeze,
    "bench": checks.bench,
    "lint": checks.lint,
    "contracts": checks.contracts,
    "lock": lock.lock,
    "compose-env": compose.env,
    "compose-demo": compose.demo,
}


def main(arguments: Sequence[str]) -> int:
    """Runs one command and returns the exit status; whatever fails is told in one sentence, never as a stack trace."""
    command = COMMANDS.get(arguments[0]) if arguments else None
    if command is None:
        asked = not arguments or arguments[0] in ("help", "-h", "--help")
        (sys.stdout if asked else sys.stderr).write(USAGE)
        return 0 if asked else 2
    try:
        with own_folder():
            return command(arguments[1:])
    except CommandError as trouble:
        return _say(str(trouble))
    except KeyboardInterrupt:
        return 130
    except OSError as fault:
        if fault.errno == errno.ENOSPC:
            return _say("The disk is full: free some space, then run the same command again.")
        return _say(_unexpected())
    except Exception:  # the last resort: a person reads this
        return _say(_unexpected())


def _say(sentence: str) -> int:
    sys.stderr.write(f"{sentence}\n")
    return 1


def _unexpected() -> str:
    """Keeps the stack trace in a file and returns the sentence that names it."""
    fault = traceback.format_exc()
    path = up_instance().log("dev")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(fault)
    return f"This should not have happened ({fault.strip().splitlines()[-1][:200]}): the details are in {path}."


if __name__ == "__main__":
    status = main(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    # Not sys.exit: after an interrupt, threads that still wait for a program must not hold the terminal.
    os._exit(status)
