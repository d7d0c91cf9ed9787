"""`./dev test --at`: one clock for the tests and every process that they start, and nobody who asks the machine's."""

import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from polity_local.commands import checks
from polity_local.running.instance import REPOSITORY

AT = datetime.fromisoformat("2028-02-29T23:30:00+00:00")
NOW = "from polity_chassis.clock import utc_now; print(utc_now().isoformat())"


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Sequence[str], str]]:
    """What would have been run, and the instant that it would have found."""
    calls: list[tuple[Sequence[str], str]] = []

    def run(*command: str) -> int:
        told = subprocess.run((sys.executable, "-c", NOW), capture_output=True, text=True, check=True)
        calls.append((command, told.stdout.strip()))
        return 0

    monkeypatch.setattr(checks, "_run", run)
    monkeypatch.setenv("POLITY_CLOCK_AHEAD_SECONDS", os.environ.get("POLITY_CLOCK_AHEAD_SECONDS", "0"))
    return calls


def test_what_the_tests_start_finds_the_instant_that_was_asked_for(called: list[tuple[Sequence[str], str]]) -> None:
    assert checks.test(["--at", AT.isoformat(), "--repeat", "3", "tests/unit", "-k", "words"]) == 0
    ((command, found),) = called
    assert command[-5:] == ("--count", "3", "tests/unit", "-k", "words")
    assert timedelta() < datetime.fromisoformat(found) - AT < timedelta(minutes=1)


def test_an_instant_without_its_offset_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        checks.test(["--at", "2028-02-29T23:30"])
    assert "write the offset from UTC too" in capsys.readouterr().err


@pytest.mark.parametrize("line", ["datetime.datetime.now(datetime.UTC)", "datetime.date.today()"])
def test_nobody_asks_the_machines_clock(line: str) -> None:
    command = (sys.executable, "-m", "ruff", "check", "--quiet", "--stdin-filename", "tests/planted.py", "-")
    done = subprocess.run(
        command, input=f"import datetime\n\nx = {line}\n", cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert "TID251" in done.stdout
