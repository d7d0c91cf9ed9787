"""What times the first run takes everything away again, however it ends; here on a repository of three lines."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from polity_local.running.instance import REPOSITORY

DEV = """#!/bin/sh
echo "$1" >> "$TRACE"
case $1 in help) mkdir .venv ;; up) {up} ;; esac
"""


def start(tmp_path: Path, up: str) -> tuple[subprocess.Popen[str], Path]:
    """Runs the script on a repository whose `./dev up` does `up`; returns it and where its commands are noted."""
    source, trace = tmp_path / "source", tmp_path / "trace"
    source.mkdir()
    (source / "dev").write_text(DEV.format(up=up))
    (source / "dev").chmod(0o755)
    who = ("-c", "user.name=Test", "-c", "user.email=test@city.example")
    for command in (("init", "-q"), ("add", "dev"), (*who, "commit", "-qm", "Begin")):
        subprocess.run(("git", *command), cwd=source, check=True)
    run = subprocess.Popen(
        (sys.executable, REPOSITORY / "deploy/local/first_run.py", "--warm", "--from", source.as_uri()),
        env={**os.environ, "TRACE": str(trace), "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    return run, trace


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_leaves_nothing(tmp_path: Path, number: signal.Signals) -> None:
    run, trace = start(tmp_path, f"echo $$ > {tmp_path}/pid; exec sleep 60")
    deadline = time.monotonic() + 50
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text().strip():
        assert time.monotonic() < deadline, "it did not begin"
        time.sleep(0.05)
    run.send_signal(number)
    _, told = run.communicate(timeout=30)
    assert run.returncode == 130, told
    assert trace.read_text().split() == ["help", "up", "reset"]
    process = Path("/proc", (tmp_path / "pid").read_text().strip())
    # Killed with its group; whoever inherits it may take a moment to reap it.
    while process.exists():
        assert time.monotonic() < deadline, "it goes on"
        time.sleep(0.05)
    assert list(tmp_path.glob("polity-first-run-*")) == []


def test_a_failed_start_is_told_with_its_own_words(tmp_path: Path) -> None:
    run, trace = start(tmp_path, "echo Port 8080 is in use by another program.; exit 1")
    told, why = run.communicate(timeout=30)
    assert run.returncode == 1
    assert told == ""
    assert "Port 8080 is in use" in why
    assert trace.read_text().split()[-1] == "reset"
    assert list(tmp_path.glob("polity-first-run-*")) == []
