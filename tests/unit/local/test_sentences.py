"""Whatever goes wrong, a person reads one sentence and never a stack trace."""

import errno
import json
import os
import stat
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from polity_local import __main__ as program
from polity_local.errors import CommandError
from polity_local.running.instance import REPOSITORY, Instance
from polity_local.running.ports import Ports


def _failing(fault: BaseException) -> object:
    def command(_arguments: Sequence[str]) -> int:
        raise fault

    return command


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (CommandError("Port 1 is in use."), "Port 1 is in use."),
        (OSError(errno.ENOSPC, "No space left on device"), "The disk is full"),
        (RuntimeError("a bug"), "This should not have happened (RuntimeError: a bug)"),
    ],
)
def test_each_failure_is_one_line(
    fault: BaseException,
    sentence: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("POLITY_STATE", str(tmp_path / "state"))
    monkeypatch.setitem(program.COMMANDS, "up", _failing(fault))
    assert program.main(["up"]) == 1
    printed = capsys.readouterr().err
    assert printed.startswith(sentence)
    assert printed.count("\n") == 1


def test_a_bug_leaves_its_details_in_the_file_that_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("POLITY_STATE", str(tmp_path / "state"))
    monkeypatch.setitem(program.COMMANDS, "up", _failing(RuntimeError("a bug")))
    program.main(["up"])
    log = tmp_path / "state" / "log" / "dev.log"
    assert str(log) in capsys.readouterr().err
    assert "Traceback" in log.read_text()


@pytest.mark.parametrize("command", ["status", "logs"])
def test_looking_at_what_was_never_started_says_how_to_start_it(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("POLITY_STATE", str(tmp_path / "state"))
    assert program.main([command]) == 1
    assert "./dev up" in capsys.readouterr().err


def test_secrets_are_made_once_and_only_their_owner_reads_them(tmp_path: Path) -> None:
    instance = Instance(tmp_path / "state", Ports())
    instance.prepare()
    first = instance.secrets
    assert Instance(tmp_path / "state", Ports()).secrets == first
    assert stat.S_IMODE((tmp_path / "state" / "secrets.json").stat().st_mode) == 0o600
    assert len(set(first.values())) == len(first)
    # A newer version may need one more: the others stay.
    (tmp_path / "state" / "secrets.json").write_text(json.dumps({"postgres": "kept"}))
    later = Instance(tmp_path / "state", Ports()).secrets
    assert (later["postgres"], later.keys()) == ("kept", first.keys())
    assert Instance(tmp_path / "state", Ports()).secrets == later
    instance.erase()
    assert not (tmp_path / "state").exists()
    assert not instance.postgres_home.exists()


STUB_LACKS_VENV = '#!/bin/sh\ncase "$2" in *ensurepip*) exit 1;; esac\nexit 0\n'


@pytest.mark.parametrize(
    ("python", "sentence"),
    [
        (None, "Polity needs Python 3.11 or newer"),
        ("#!/bin/sh\nexit 1\n", "Polity needs Python 3.11 or newer"),
        (STUB_LACKS_VENV, "apt-get install python3-venv"),
    ],
    ids=["no python3", "an old python3", "no venv module"],
)
def test_a_missing_python_is_one_sentence_with_the_package(python: str | None, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    for tool in ("sh", "cat", "cksum", "dirname"):
        found = next(Path(folder) / tool for folder in ("/bin", "/usr/bin") if (Path(folder) / tool).exists())
        (tmp_path / "bin" / tool).symlink_to(found)
    if python is not None:
        (tmp_path / "bin" / "python3").write_text(python)
        (tmp_path / "bin" / "python3").chmod(0o755)
    copy = tmp_path / "clone"
    copy.mkdir()
    (copy / "dev").write_text((REPOSITORY / "dev").read_text())
    done = subprocess.run(
        ["/bin/sh", str(copy / "dev"), "up"],
        env={"PATH": str(tmp_path / "bin"), "HOME": os.devnull},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    told = [line for line in done.stderr.splitlines() if not line.startswith("cat:")]
    assert len(told) == 1
    assert sentence in told[0]
