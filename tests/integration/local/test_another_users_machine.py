"""Two people on one machine: a run keeps its temporary files, its sockets and its caches in folders of its own."""

import contextlib
import os
import pwd
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from polity_local.parts import jvm
from polity_local.running.instance import REPOSITORY, Instance
from polity_local.running.platform import Platform
from polity_local.running.ports import Ports
from polity_local.running.stack import Stack

SHARED = [Path("/tmp"), Path("/var/tmp")]
PARTS = ["keycloak", "kafka", "zipkin", "gateway", "mail"]
START = f"""
import sys
from pathlib import Path
from polity_local.running.instance import Instance
from polity_local.running.ports import Ports
from polity_local.running.stack import Stack
stack = Stack(Instance(Path(sys.argv[1]), Ports.free()), tell=print)
stack.start({PARTS})
stack.stop()
"""


def test_the_supervisor_answers_in_a_folder_of_any_depth(tmp_path: Path) -> None:
    instance = Instance(tmp_path / ("a" * 100) / secrets.token_hex(4), Ports.free())
    stack = Stack(instance)
    stack.start(["mail"])
    try:
        assert stack.supervisor.socket.is_socket()
        assert stack.supervisor.socket.is_relative_to(instance.state)
    finally:
        stack.stop()
    assert not stack.supervisor.socket.exists()


def test_what_a_killed_program_left_is_gone_at_the_next_start(tmp_path: Path) -> None:
    instance = Instance(tmp_path / secrets.token_hex(4), Ports.free())
    stack = Stack(instance)
    left = instance.temporary_folder(None) / "left"
    left.touch()
    stack.start(["mail"])
    stack.stop()
    assert not left.exists()


def test_every_program_has_the_runs_own_folder_for_temporary_files(platform: Platform) -> None:
    """And holds no file open in the machine's."""
    roots = (str(platform.instance.state), str(platform.instance.postgres_home))
    for name in platform.stack.programs:
        process = Path("/proc", str(platform.pid(name)))
        variables = dict(v.split("=", 1) for v in (process / "environ").read_text().split("\0") if "=" in v)
        assert variables["TMPDIR"].startswith(roots), name
        command = (process / "cmdline").read_text().split("\0")
        if "java" in Path(command[0]).name:
            assert f"-Djava.io.tmpdir={variables['TMPDIR']}" in command, name
        held = {str(path) for path in _held(process) if str(path).startswith(tuple(f"{s}/" for s in SHARED))}
        ours = (*roots, str(REPOSITORY), str(jvm.cache()))
        assert {path for path in held if not path.startswith(ours)} == set(), name


def _held(process: Path) -> Iterator[Path]:
    for folder in ("fd", "map_files"):
        for link in (process / folder).iterdir():
            with contextlib.suppress(FileNotFoundError):
                yield link.readlink()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
@pytest.mark.timeout(600)
def test_an_ordinary_user_starts_the_same_parts_beside_a_running_platform(platform: Platform) -> None:
    user = pwd.getpwnam("nobody")
    before = _owned_by(user)
    with _home_of(user) as home:
        who = ("setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups")
        done = subprocess.run(
            (*who, _python(who), "-c", START, str(home / "run")),
            env={**_variables(), "HOME": str(home), "POLITY_CACHE": str(home / "cache")},
            cwd=home,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + _last_words(home / "run")
        assert {line.split()[0] for line in done.stdout.splitlines() if "is healthy" in line} == {*PARTS, "postgres"}
        assert _owned_by(user) - before <= {home}
    platform.wait_healthy()


@contextlib.contextmanager
def _home_of(user: pwd.struct_passwd) -> Iterator[Path]:
    """Yields a folder that belongs to the user, with the downloads of the machine's cache in it."""
    home = Path(tempfile.mkdtemp(dir=SHARED[0]))
    try:
        ours = shutil.ignore_patterns("*.lock")
        shutil.copytree(jvm.cache(), home / "cache", ignore=ours, copy_function=_link_or_copy)
        for path in (home, *home.rglob("*")):
            if path.is_dir():
                os.chown(path, user.pw_uid, user.pw_gid)
        yield home
    finally:
        shutil.rmtree(home)


def _link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _python(who: tuple[str, ...]) -> str:
    """Returns a Python of our version that others may run, and with it read the repository; skips where there is none.

    Root's own may lie in its closed home.
    """
    version = "{}.{}".format(*sys.version_info)
    tried = f"import sys, polity_local.running.stack; assert sys.version_info[:2] == {sys.version_info[:2]}"
    for python in (f"/usr/bin/python{version}", f"/usr/local/bin/python{version}", sys.executable):
        done = subprocess.run((*who, python, "-c", tried), env=_variables(), cwd="/", capture_output=True, check=False)
        if done.returncode == 0:
            return python
    pytest.skip("other users can run no Python of this version here, or not read this repository")


def _variables() -> dict[str, str]:
    ours = [path for path in sys.path if Path(path).is_relative_to(REPOSITORY)]
    return {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(ours)}


def _owned_by(user: pwd.struct_passwd) -> set[Path]:
    return {path for folder in SHARED for path in folder.iterdir() if path.lstat().st_uid == user.pw_uid}


def _last_words(state: Path) -> str:
    return "".join(f"\n--- {log.name}\n{log.read_text()[-1500:]}" for log in (state / "log").glob("*.log"))
