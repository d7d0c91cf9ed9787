"""What crashes is started again, what a killed run left behind is ended, and data survives both."""

import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import pytest
from polity_local.errors import CommandError
from polity_local.running import orphan_processes
from polity_local.running.instance import Instance
from polity_local.running.ports import Ports
from polity_local.running.program import Program
from polity_local.running.stack import Stack


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[Instance]:
    made = Instance(tmp_path / secrets.token_hex(4), Ports.free())
    yield made
    Stack(made).stop()
    orphan_processes.end(made)
    made.erase()


def _until(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


async def _remember(instance: Instance, value: str) -> None:
    connection = await asyncpg.connect(instance.admin_url)
    await connection.execute(f"CREATE TABLE remembered AS SELECT '{value}'::text AS value")
    await connection.close()


async def _remembered(instance: Instance) -> object:
    connection = await asyncpg.connect(instance.admin_url)
    try:
        return await connection.fetchval("SELECT value FROM remembered")
    finally:
        await connection.close()


def _pid(stack: Stack, name: str) -> int:
    return int(stack.supervisor.programs()[name]["pid"])


async def test_a_killed_database_is_started_again_with_what_it_acknowledged(instance: Instance) -> None:
    stack = Stack(instance)
    stack.start(["postgres"])
    await _remember(instance, "kept")
    before = _pid(stack, "postgres")
    os.kill(before, signal.SIGKILL)
    _until(lambda: _pid(stack, "postgres") not in (0, before))
    stack.wait_healthy(30, ["postgres"])
    assert await _remembered(instance) == "kept"
    assert stack.supervisor.restarts()["postgres"] == 1


async def test_what_a_killed_supervisor_left_is_ended_and_its_data_is_there(instance: Instance) -> None:
    stack = Stack(instance)
    stack.start(["postgres", "mail"])
    await _remember(instance, "kept")
    orphans = {name: _pid(stack, name) for name in ("postgres", "mail")}
    os.kill(stack.supervisor.call("getPID"), signal.SIGKILL)
    _until(lambda: not stack.supervisor.running())
    assert orphan_processes.recorded(instance) == orphans

    told: list[str] = []
    again = Stack(instance, tell=told.append)
    again.start(["postgres"])
    assert told[0].startswith("An earlier run was killed and left mail, postgres behind")
    assert await _remembered(instance) == "kept"
    assert orphan_processes.recorded(instance).keys() <= {"postgres", "supervisord"}


def test_a_stranger_with_a_recorded_id_is_left_alone(instance: Instance) -> None:
    instance.prepare()
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as stranger:
        (instance.run_folder(None) / "kafka.pid").write_text(f"{stranger.pid}\n")
        assert orphan_processes.end(instance) == []
        assert stranger.poll() is None
        stranger.kill()


def test_a_program_that_ends_at_once_is_named_with_its_log(instance: Instance) -> None:
    stack = Stack(instance)
    stack.programs = {"broken": Program("broken", (shutil.which("false") or "false",), healthy=lambda: False)}
    stack._healthy = {"broken": stack._healthy["mail"]}
    with pytest.raises(
        CommandError, match=rf"broken ends right after it starts: see the end of {instance.log('broken')}"
    ):
        stack.start()
    assert not stack.supervisor.running()


def test_other_users_of_the_machine_read_nothing_of_it(instance: Instance) -> None:
    stack = Stack(instance)
    stack.start(["postgres", "mail"])
    roots = {instance.state, instance.postgres_home}
    open_to_others = [path for root in roots for path in _reachable_by_others(root) if path.stat().st_mode & 0o006]
    programs_of_the_wheel = instance.postgres_home.glob("server-*")
    allowed = [str(folder) for folder in programs_of_the_wheel]
    assert [path for path in open_to_others if not str(path).startswith(tuple(allowed) or "-")] == []


def _reachable_by_others(folder: Path) -> Iterator[Path]:
    if folder.stat().st_mode & 0o001:
        for path in folder.iterdir():
            yield path
            if path.is_dir() and not path.is_symlink():
                yield from _reachable_by_others(path)
